// Command migrate is what fngen db builds and runs in a project: it applies the migrations of package db.
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
