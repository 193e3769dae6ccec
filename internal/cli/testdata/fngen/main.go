// Command fngen is fngen for scripts. Its version is set by the linker.
package main

import (
	"context"
	"os"

	"github.com/fngen/fngen/internal/cli"
)

var version string

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.World{
		Env: os.Getenv, Environ: os.Environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: version,
	}))
}
