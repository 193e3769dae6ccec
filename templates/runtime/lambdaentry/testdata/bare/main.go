// Command bare runs the test function with lambda.Start, as a baseline.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fngen/fngen/templates/runtime/lambdaentry/testdata/function"
)

func main() { lambda.Start(function.Handler) }
