// Storefront is a small shop on this machine: a cart, a checkout, an order page, and an office behind the counter.
//
//	go run ./examples/storefront
//	cd examples/storefront && go run . -addr 127.0.0.1:8081 -db shop.db
//
// It needs nothing but a browser. Payments and carts are in one SQLite file; the gateways are the library's sandbox, in this process: no money
// moves, and when the program ends they have forgotten everything. README.md says what to look at, and where it is in the code.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// onceVariable makes the program buy one thing from itself and end, when it is set.
const onceVariable = "PAYMENT_EXAMPLE_ONCE"

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the shop listens: an address of this machine alone; port 0 picks a free one")
	db := flag.String("db", "", "the file that holds carts and payments; one in your cache directory if not given")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	run := func() error { return serve(ctx, os.Stdout, *addr, *db) }
	if os.Getenv(onceVariable) != "" {
		run = func() error { return once(ctx, os.Stdout) }
	}
	err := run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "storefront:", err)
		os.Exit(1)
	}
}

// serve keeps the shop open until ctx ends.
func serve(ctx context.Context, out io.Writer, addr, file string) error {
	file, err := place(file)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	s, err := open(options{File: file, Host: listener.Addr().String(), Out: out})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, `
  The shop            %[1]s
  Behind the counter  %[1]s/office/login?token=%[2]s
                      (this link works once)
  Carts and payments  %[3]s
  The gateways        in this program's memory: no money moves, and they forget everything when it ends

Press Ctrl+C to close the shop. What happens to payments is told below.

`, s.base, s.office.invitation(), file)
	err = s.run(ctx, listener)
	fmt.Fprintln(out, "The shop is closed.")
	return err
}

// listen opens the port. Gateways send shoppers over plain http to this machine alone, and the office would be open to the whole network.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && host != "127.0.0.1" && (ip == nil || !ip.Equal(net.IPv6loopback)) {
		return nil, fmt.Errorf("-addr %q: this demo listens on 127.0.0.1 or [::1] only", addr)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w (-addr 127.0.0.1:0 picks a free port)", err)
	}
	return listener, nil
}

// place returns the file to use, in a directory that is there.
func place(file string) (string, error) {
	if file != "" {
		return filepath.Abs(file)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "payment-storefront")
	return filepath.Join(dir, "shop.db"), os.MkdirAll(dir, 0o700)
}

// run serves requests, and does what is left to do for payments, until ctx ends.
func (s *shop) run(ctx context.Context, listener net.Listener) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	s.work.Go(func() { s.reconcile(work) })
	s.work.Go(func() { s.mail.deliver(work) })
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 90 * time.Second, IdleTimeout: time.Minute}
	server.RegisterOnShutdown(s.closing) // pages that wait for news are answered at once
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(work, 10*time.Second)
		err = server.Shutdown(grace)
		cancel()
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	stopWork()
	s.work.Wait()
	return errors.Join(err, s.close())
}
