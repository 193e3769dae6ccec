// go.mod of github.com/gorilla/mux@v1.7.4
module github.com/gorilla/mux

go 1.12
