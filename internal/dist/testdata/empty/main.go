// Command empty does nothing. It is a small program of Go's.
package main

func main() {}
