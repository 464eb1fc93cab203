package cli

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/serve"
)

// check refuses settings that make no sense.
func (f *serveFlags) check(args []string) error {
	switch {
	case f.engine.window < 0 || f.engine.batch < 1 || f.engine.queue < 0:
		return usagef("--window and --queue are 0 or more, --max-batch 1 or more")
	case f.port < 0 || f.port > 65535:
		return usagef("--port %d: give 0 to 65535", f.port)
	case f.server.Limits.Body < 1 || f.server.Limits.Connections < 1:
		return usagef("--max-body and --max-connections are 1 or more")
	case f.server.Drain <= 0:
		return usagef("--drain-timeout %s: give a time, such as 30s", f.server.Drain)
	case f.engine.draft != "" && len(args) > 1:
		return usagef("--draft is for a single MODEL")
	case f.engine.adapter != "" && len(args) > 1:
		return usagef("--adapter is for a single MODEL")
	}
	if _, err := newLog(f.log, io.Discard); err != nil {
		return err
	}
	if f.otlp != "" {
		if err := serve.CheckCollector(f.otlp); err != nil {
			return usageError{fmt.Errorf("--otlp-endpoint: %w", err)}
		}
	}
	for _, origin := range f.server.Origins {
		if origin != "*" && !strings.HasPrefix(origin, "http://") && !strings.HasPrefix(origin, "https://") || strings.HasSuffix(origin, "/") {
			return usagef("--cors %s: give a site such as https://example.org, without a path, or *", origin)
		}
	}
	if len(f.access.autocert) > 0 {
		if !f.portSet {
			f.port = 443
		}
		if !f.hostSet {
			f.host = "0.0.0.0"
		}
		if ip := net.ParseIP(f.host); f.host == "localhost" || ip != nil && ip.IsLoopback() {
			return usagef("--autocert needs an address that the internet reaches, and --host %s is none", f.host)
		}
	}
	return f.access.check()
}

// rehearse says what would be served, and whether it could be.
func (f *serveFlags) rehearse(w io.Writer, plan *servePlan) error {
	plan.print(w)
	plan.printLimits(w, &f.engine)
	if err := plan.complete(); err != nil {
		return err
	}
	if err := plan.fits(); err != nil {
		return err
	}
	at, err := f.find()
	if err != nil {
		return err
	}
	return f.access.apply(f.host, at, &f.server)
}

// complete refuses a model without a tokenizer.
func (p *servePlan) complete() error {
	for _, m := range p.models {
		for _, dir := range []string{m.dir, m.draftDir} {
			if dir == "" {
				continue
			}
			if _, err := modelfile.Tokenizer(dir); err != nil {
				return fmt.Errorf("%s holds no whole model: %w", dir, err)
			}
		}
	}
	return nil
}

// printLimits says where a window is shorter than what was asked for, and why.
func (p *servePlan) printLimits(w io.Writer, e *engineFlags) {
	for _, m := range p.models {
		limit := m.config.MaxPositions
		if e.window > limit {
			fmt.Fprintf(w, "note: --window %d is above the limit of %s, which stays %d tokens\n", e.window, m.name, limit)
		}
		wanted := limit
		if e.window > 0 {
			wanted = min(limit, e.window)
		}
		if m.window < wanted {
			fmt.Fprintf(w, "note: --cache %s shortens the window of %s from %d tokens to %d\n", size(int64(e.cache)), m.name, wanted, m.window)
		}
	}
}
