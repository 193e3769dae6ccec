// Command entry runs the test function with lambdaentry, as fngen build does.
package main

import (
	"github.com/fngen/fngen/templates/runtime/lambdaentry"
	"github.com/fngen/fngen/templates/runtime/lambdaentry/testdata/function"
)

func main() { lambdaentry.Start(lambdaentry.Function{Name: "function", Handler: function.Handler}) }
