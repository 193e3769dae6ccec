// Command entry is a function as fngen builds it.
package main

import (
	"github.com/fngen/fngen/templates/runtime/lambdaentry"
	"github.com/fngen/fngen/templates/runtime/lambdaentry/testdata/function"
)

func main() { lambdaentry.Start(function.Handler) }
