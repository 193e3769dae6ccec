// Command bare is the same function with AWS's library alone, to compare with.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fngen/fngen/templates/runtime/lambdaentry/testdata/function"
)

func main() { lambda.Start(function.Handler) }
