// Command migrate applies the migrations of package db. fngen db builds it in a
// project and runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/fngen/fngen/templates/lib/db"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := db.Command(ctx, os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fngen:", err)
		os.Exit(1)
	}
}
