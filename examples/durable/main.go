// Durable keeps a shop's payments in a file, kills the shop in the middle of a charge, and starts it again: nothing is lost, and the card is
// charged once.
//
//	cd examples/durable && go run .
//	cd examples/durable && go run . -file shop.db
//
// Nothing needs to be installed or configured. This program is two: the gateway, and the shop, which it runs as a process of its own (shop.go)
// and kills as only an operating system can. They speak HTTP (gateway.go). Without -file the data is in a temporary directory, whose name
// is printed; look at it with "sqlite3 FILE .schema".
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if os.Getenv(processVariable) != "" { // this is the shop
		exit(shop(os.Stdout))
	}
	file := flag.String("file", "", "where the shop keeps its payments; a temporary directory if not given")
	flag.Parse()
	exit(run(os.Stdout, *file))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// noon is when the first process runs.
func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

func run(w io.Writer, file string) error {
	// In a file of its own IDs count, so that every run prints the same; in one that was there before they must not repeat.
	ids := []string{"", ""}
	if file == "" {
		dir, err := os.MkdirTemp("", "durable")
		if err != nil {
			return err
		}
		file, ids = filepath.Join(dir, "shop.db"), []string{"0", "1000"}
	}
	fmt.Fprintln(os.Stderr, "the shop's payments are in", file)

	show, bank := &screen{w: w}, newBank()
	server := httptest.NewServer(bank) // on a free port of this machine
	defer server.Close()

	// The first process dies while it waits for the gateway's answer.
	first := start(w, "first", file, server.URL, ids[0])
	if err := first.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	select {
	case <-bank.charged:
	case err := <-ended:
		return fmt.Errorf("the shop ended before it could be killed: %w", err)
	}
	if err := first.Process.Kill(); err != nil {
		return err
	}
	var killed *exec.ExitError
	if err := <-ended; !errors.As(err, &killed) {
		return fmt.Errorf("the shop was not killed: %w", err)
	}
	if err := bank.print(show, "The gateway has charged the card, and the shop was killed before it heard"); err != nil {
		return err
	}

	// A minute later somebody starts it again, on the same file.
	if err := start(w, "second", file, server.URL, ids[1]).Run(); err != nil {
		return fmt.Errorf("the shop did not finish: %w", err)
	}
	return bank.print(show, "The gateway's books")
}

// start prepares a process of the shop.
func start(w io.Writer, process, file, gateway, ids string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cmd := exec.Command(self) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), processVariable+"="+process, fileVariable+"="+file, gatewayVariable+"="+gateway,
		idsVariable+"="+ids)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	return cmd
}
