package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/tirkeu/kiosk/sync/centre"
)

func serve(c *call) func() error {
	listen := c.flags.String("listen", "127.0.0.1:8443", "HOST:PORT for TLS: REST, CMP and all else")
	plain := c.flags.String("listen-http", "", "HOST:PORT for plain HTTP: CRL, OCSP and the authority's certificates")
	base := c.flags.String("url-http", "", "base of the URLs in certificates (default: the address of --listen-http, else of --listen)")
	hosts := c.flags.String("host", "", "further names or addresses for the server's certificate, separated by commas")
	mail := c.flags.String("mail", "", "maildir in which letters wait for your mail system (default: mail in the state folder)")
	from := c.flags.String("mail-from", centre.DefaultFrom, "who letters are from")
	format := c.flags.String("log", "text", "format of the log on standard error: text or json")
	level := c.flags.String("log-level", "info", "debug, info, warn or error")
	return func() error {
		log, err := c.logger(*format, *level)
		if err != nil {
			return err
		}
		if *base != "" {
			if u, err := url.Parse(*base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return usage("--url-http wants a URL such as http://ca.example:80")
			}
		}
		secure, err := listenOn(*listen)
		if err != nil {
			return err
		}
		defer secure.Close()
		at := "https://" + secure.Addr().String()
		var open net.Listener
		if *plain != "" {
			if open, err = listenOn(*plain); err != nil {
				return err
			}
			defer open.Close()
		}
		if *base == "" {
			*base = at
			if open != nil {
				*base = "http://" + open.Addr().String()
			}
		}
		o, err := centre.Open(c.ctx, centre.Config{DB: c.db, State: c.state, Mail: *mail, From: *from, URLHTTP: *base, Log: log})
		if err != nil {
			return err
		}
		defer o.Close()
		return o.Serve(c.ctx, secure, open, hostsOf(*listen, *hosts, *base), func() {
			fmt.Fprintf(c.out, "listening %s\n", at)
			log.Info("listening", "https", at, "urls", *base)
		})
	}
}

func listenOn(address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, usage("%s is no HOST:PORT", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return l, nil
}

// hostsOf are the names a client may know the server by.
func hostsOf(listen, more, base string) []string {
	var hosts []string
	if host, _, err := net.SplitHostPort(listen); err == nil {
		if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
			hosts = append(hosts, host)
		}
	}
	for _, host := range strings.Split(more, ",") {
		if host = strings.TrimSpace(host); host != "" {
			hosts = append(hosts, host)
		}
	}
	if u, err := url.Parse(base); err == nil && u.Scheme == "https" && u.Hostname() != "" {
		if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsUnspecified() {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

func (c *call) logger(format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usage("--log-level wants debug, info, warn or error")
	}
	options := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(c.err, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.err, options)), nil
	}
	return nil, errors.Join(errUsage, errors.New("--log wants text or json"))
}
