package serve

import (
	"errors"
	"net/netip"
)

// errAddress refuses to fetch from an address that is not public.
var errAddress = errors.New("its address is not a public one")

// special are ranges that are neither private nor link-local in net/netip's
// sense, and still no place for a client to send this server: RFC 6890, and
// the IPv6 ranges that hold an IPv4 address.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, text := range texts {
		p = append(p, netip.MustParsePrefix(text))
	}
	return p
}

// publicAddress returns an error unless a is an address of the public internet.
func publicAddress(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return errAddress
	}
	for _, p := range special {
		if p.Contains(a) {
			return errAddress
		}
	}
	return nil
}
