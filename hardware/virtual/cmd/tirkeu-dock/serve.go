package main

import (
	"flag"
	"fmt"
	"net"
	"os"
)

// lineServe is the proxy until the program is told to end. It prints where it listens once it does, so that a script can give port 0.
func (d *dock) lineServe(args []string) error {
	var listen, to string
	err := none("line serve", args, func(f *flag.FlagSet) {
		f.StringVar(&listen, "listen", "", "")
		f.StringVar(&to, "to", "", "")
	})
	if err != nil {
		return err
	}
	if listen == "" || to == "" {
		return usage("line serve needs --listen HOST:PORT and --to HOST:PORT")
	}
	if _, _, err := net.SplitHostPort(to); err != nil {
		return usage("line serve: --to: %v", err)
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("serve the line: %w", err)
	}
	state := func() lineState { // what cannot be read counts as cut, and is said as such when it changes
		s, _ := d.lineIs()
		return s
	}
	p := newProxy(to, state, func(s string) { d.say("%s", s) })
	_ = os.Remove(d.lineAsked()) // of one that was killed
	asked, err := net.Listen("unix", d.lineAsked())
	if err != nil {
		return fmt.Errorf("serve the line: %w", err)
	}
	defer asked.Close() // and its file goes with it
	go p.answer(asked)
	if err := d.say("listening on %s, to %s, the line is %s", listener.Addr(), to, p.now); err != nil {
		return err
	}
	return p.serve(d.ctx, listener)
}
