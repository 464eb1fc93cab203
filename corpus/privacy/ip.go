package privacy

import (
	"bytes"
	"net/netip"
)

// ipv4 looks for four numbers with dots that begin at start; it returns where to
// go on when they are there, replaced or not, and 0 otherwise.
func (w *worker) ipv4(start int) int {
	text := w.text
	var a [4]byte
	i, single := start, 0
	for n := range 4 {
		from, value := i, 0
		for ; i < len(text) && i-from < 4 && class[text[i]]&digit != 0; i++ {
			value = value*10 + int(text[i]-'0')
		}
		if i == from || value > 255 || i-from > 1 && text[from] == '0' {
			return 0
		}
		if i-from == 1 {
			single++
		}
		a[n] = byte(value)
		if n == 3 {
			break
		}
		if i == len(text) || text[i] != '.' {
			return 0
		}
		i++
	}
	if !ipEnds(text, start, i) {
		return 0
	}
	address := netip.AddrFrom4(a)
	if !w.keepsIP(address) && !w.versionLike(start, single) && !w.heading(start, a) {
		w.found(ip, start, i)
	}
	return i
}

// ipEnds says whether text[start:end] is not a part of a longer number or name.
func ipEnds(text []byte, start, end int) bool {
	if start > 0 {
		if b := text[start-1]; class[b]&alnum != 0 || b == '.' || b == '_' || b == '-' {
			return false
		}
	}
	if end == len(text) {
		return true
	}
	b := text[end]
	if class[b]&alnum != 0 || b == '_' {
		return false
	}
	follows := end+1 < len(text) && class[text[end+1]]&alnum != 0
	return !(b == '.' || b == '-') || !follows
}

// heading says whether the address at start is more likely the number of a
// section: it begins a line and its parts are small.
func (w *worker) heading(start int, a [4]byte) bool {
	for start > 0 && (w.text[start-1] == ' ' || w.text[start-1] == '\t' || w.text[start-1] == '#') {
		start--
	}
	return (start == 0 || w.text[start-1] == '\n') && max(a[0], a[1], a[2], a[3]) < 60
}

// versionLike says whether the address at start is more likely the version of a
// program: a word before it says so, or nearly all parts have one digit and no
// word says that it is an address.
func (w *worker) versionLike(start, single int) bool {
	if w.near(start, 16, "version", "release", "build", "ver.", "rev", "firmware", "section", "oid", "chapter") {
		return true
	}
	return single >= 3 && !w.near(start, 24, "ip", "address", "host", "server", "dns", "ping", "http://", "https://")
}

// Networks that no host in the Internet has, after the IANA registries of
// special-purpose addresses.
var special = func() (p []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}()

var globalUnicast = netip.MustParsePrefix("2000::/3")

func (w *worker) keepsIP(a netip.Addr) bool {
	if len(w.allow) > 0 && w.allow[a.String()] {
		return true
	}
	if w.privateIPs {
		return a.IsUnspecified()
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return a.Is6() && !globalUnicast.Contains(a)
}

// ipv6 looks at the colon at i and returns where to go on, or 0.
func (w *worker) ipv6(i int) int {
	text := w.text
	if !w.on[ip] || i+1 == len(text) || class[text[i+1]]&(hex|colon) == 0 {
		return 0
	}
	start, end, colons := i, i+1, 1
	for start > w.last && i-start < 8 && class[text[start-1]]&hex != 0 {
		start--
	}
	digits := false
	for _, b := range text[start:i] {
		digits = digits || class[b]&digit != 0
	}
	for ; end < len(text) && end-start < 48 && class[text[end]]&(hex|colon) != 0; end++ {
		if text[end] == ':' {
			colons++
		} else {
			digits = digits || class[text[end]]&digit != 0
		}
	}
	if colons < 2 || !digits || start > 0 && (class[text[start-1]]&alnum != 0 || bytes.IndexByte([]byte("_:.-"), text[start-1]) >= 0) {
		return end
	}
	if end < len(text) && (class[text[end]]&letter != 0 || text[end] == '_') {
		return end
	}
	for end > i && text[end-1] == ':' && text[end-2] != ':' {
		end--
	}
	address, err := netip.ParseAddr(string(text[start:end]))
	network := text[end-1] == ':' && (end == len(text) || text[end] != '/') // 2004:: ends a line of reStructuredText
	if err == nil && !network && !w.keepsIP(address) {
		w.found(ip, start, end)
	}
	return end
}
