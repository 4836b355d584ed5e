package centre

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long things may take. Shutting down leaves what runs less than a second.
const (
	shutdownWithin = 800 * time.Millisecond
	tidyEvery      = time.Minute
)

// Serve answers on both listeners until ctx ends; plain may be nil. hosts are the names and addresses that the server's
// certificate must name besides localhost. ready is called when both answer.
func (c *Centre) Serve(ctx context.Context, secure, plain net.Listener, hosts []string, ready func()) error {
	config, err := c.TLSConfig(ctx, hosts)
	if err != nil {
		return err
	}
	if err := c.Tidy(ctx); err != nil {
		return err
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	handler, err := c.Handler()
	if err != nil {
		return err
	}
	var servers []*http.Server
	ended := make(chan error, 2)
	begin := func(h http.Handler, l net.Listener) {
		s := c.server(h)
		servers = append(servers, s)
		go func() { ended <- s.Serve(l) }()
	}
	begin(handler, tls.NewListener(secure, config))
	if plain != nil {
		begin(c.PlainHandler(), plain)
	}
	if ready != nil {
		ready()
	}
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return shutDown(servers)
		case err := <-ended:
			return errors.Join(fmt.Errorf("serving: %w", err), shutDown(servers))
		case <-tick.C:
			if err := c.Tidy(ctx); err != nil && ctx.Err() == nil {
				c.log.Error("tidying failed", "error", err)
			}
		}
	}
}

func (c *Centre) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug)}
}

// shutDown lets calls end within shutdownWithin and then cuts what is left.
func shutDown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWithin)
	defer cancel()
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			if err := s.Close(); err != nil {
				return fmt.Errorf("shutting down: %w", err)
			}
		}
	}
	return nil
}
