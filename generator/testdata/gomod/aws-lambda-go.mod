// go.mod of github.com/aws/aws-lambda-go@v1.54.0
module github.com/aws/aws-lambda-go

go 1.18

require github.com/stretchr/testify v1.7.2

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

retract v1.39.0
