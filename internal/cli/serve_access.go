package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/crypto/acme/autocert"

	"github.com/polymath-lm/polymath/serve"
)

// listen opens the port.
func (f *serveFlags) listen(ctx context.Context) (net.Listener, error) {
	address := net.JoinHostPort(f.host, strconv.Itoa(f.port))
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: end it, or choose another --port (0 finds a free one)", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s: only an administrator may use ports below 1024 here; choose another --port", address)
	case err != nil:
		return nil, fmt.Errorf("%s: %w; see --host and --port", address, err)
	}
	return listener, nil
}

// find is the address that listen would listen on, without doing so.
func (f *serveFlags) find() (net.Addr, error) {
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(f.host, strconv.Itoa(f.port)))
	if err != nil {
		return nil, fmt.Errorf("--host %s: %w", f.host, err)
	}
	return at, nil
}

// resolve fills in the files that were not named.
func (f *accessFlags) resolve() {
	f.keysSet = f.keys != ""
	if !f.keysSet {
		f.keys = defaultKeys()
	}
	if f.autocertDir == "" {
		f.autocertDir = defaultAutocertDir()
	}
}

// check refuses settings that contradict each other.
func (f *accessFlags) check() error {
	switch {
	case f.noAuth && f.keysSet:
		return usagef("--keys asks for keys and --no-auth for none: give one of them")
	case (f.cert == "") != (f.key == ""):
		return usagef("--tls-cert and --tls-key belong together")
	case f.cert != "" && len(f.autocert) > 0:
		return usagef("--autocert gets a certificate and --tls-cert has one: give one of them")
	}
	return nil
}

// apply sets keys and TLS for a server at this address, which host names.
func (f *accessFlags) apply(host string, at net.Addr, o *serve.Options) error {
	if err := f.applyKeys(host, at, o); err != nil {
		return err
	}
	switch {
	case f.cert != "":
		certificate, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.cert, f.key, err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	case len(f.autocert) > 0:
		manager := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(f.autocert...), Cache: autocert.DirCache(f.autocertDir)}
		o.TLS = manager.TLSConfig()
		o.TLS.MinVersion = tls.VersionTLS12
	}
	return nil
}

// applyKeys decides whether keys are asked for.
func (f *accessFlags) applyKeys(host string, at net.Addr, o *serve.Options) error {
	if f.noAuth {
		return nil
	}
	local := false
	if where, err := netip.ParseAddrPort(at.String()); err == nil {
		local = where.Addr().IsLoopback()
	}
	if local && !f.keysSet {
		return nil
	}
	keys, err := serve.ReadKeys(f.keys)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		if f.keysSet {
			return fmt.Errorf("%s has no API keys, and --keys asks for them: make one with 'polymath serve keys add NAME --keys %s', or say --no-auth instead to let everybody in", f.keys, f.keys)
		}
		return fmt.Errorf("%s has no API keys, and --host %s asks for them: make one with 'polymath serve keys add NAME', or say --no-auth to let everybody in", f.keys, cmp.Or(host, "''"))
	}
	o.Keys = f.keys
	return nil
}
