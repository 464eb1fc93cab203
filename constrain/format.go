package constrain

import "strings"

// formats are the string formats that are enforced, as patterns in RE2's
// syntax. Some allow less than the standard they are of, none more.
var formats = map[string]string{
	"date":      datePattern,
	"time":      timePattern,
	"date-time": datePattern + "T" + timePattern,
	"duration":  durationPattern,
	"email":     emailPattern,
	"idn-email": emailPattern,
	"hostname":  hostPattern,
	"ipv4":      ipv4Pattern,
	"ipv6":      ipv6Pattern(),
	"uuid":      `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
	"uri":       uriPattern,
	"iri":       uriPattern,

	"uri-reference": uriPattern + `|` + pathPattern,
	"iri-reference": uriPattern + `|` + pathPattern,
	"json-pointer":  `(?:/(?:[^~/]|~[01])*)*`,
	"byte":          `(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?`, // base64, in OpenAPI
	// Annotations in OpenAPI; they say nothing about strings.
	"int32": `(?s:.*)`, "int64": `(?s:.*)`, "float": `(?s:.*)`, "double": `(?s:.*)`, "password": `(?s:.*)`,
}

const (
	// RFC 3339, with leap days and without leap seconds.
	datePattern = `(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))` +
		`|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)`
	timePattern = `(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])`

	// ISO 8601 as in RFC 3339, appendix A.
	durationPattern = `P(?:[0-9]{1,9}W|` + durationTime + `|(?:` + durationDate + `)(?:` + durationTime + `)?)`
	durationDate    = `[0-9]{1,9}Y(?:[0-9]{1,9}M(?:[0-9]{1,9}D)?)?|[0-9]{1,9}M(?:[0-9]{1,9}D)?|[0-9]{1,9}D`
	durationTime    = `T(?:[0-9]{1,9}H(?:[0-9]{1,9}M(?:[0-9]{1,9}S)?)?|[0-9]{1,9}M(?:[0-9]{1,9}S)?|[0-9]{1,9}S)`

	// RFC 5321's dot-string at a domain.
	atomPattern  = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}"
	emailPattern = atomPattern + `(?:\.` + atomPattern + `){0,3}@` + hostPattern

	// RFC 1123: up to four labels stay below 253. No two hyphens meet: xn-- has rules of its own.
	labelPattern = `[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,15}){0,2}`
	hostPattern  = `(?:` + labelPattern + `)(?:\.` + labelPattern + `){0,3}`

	ipv4Octet   = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	ipv4Pattern = ipv4Octet + `(?:\.` + ipv4Octet + `){3}`

	// RFC 3986: a scheme, an optional authority, a path, query and fragment.
	uriChar     = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})`
	pathPattern = `(?:/` + uriChar + `+)*/?(?:\?(?:` + uriChar + `|[/?])*)?(?:#(?:` + uriChar + `|[/?])*)?`
	uriPattern  = `[a-zA-Z][a-zA-Z0-9+.-]{1,15}:(?://(?:` + hostPattern + `)(?::[0-9]{1,4})?` + pathPattern + `|` + uriChar + `+` + pathPattern + `)`
)

// ipv6Pattern is RFC 4291 without embedded IPv4: eight groups, or fewer around
// one "::".
func ipv6Pattern() string {
	const group = `[0-9a-fA-F]{1,4}`
	alternatives := []string{`(?:` + group + `:){7}` + group, `::`}
	repeat := func(n int) string {
		return group + strings.Repeat(`:`+group, n-1)
	}
	for before := range 8 {
		for after := range 8 - before {
			if before+after == 0 || before+after > 7 {
				continue
			}
			text := `::`
			if before > 0 {
				text = repeat(before) + text
			}
			if after > 0 {
				text += repeat(after)
			}
			alternatives = append(alternatives, text)
		}
	}
	return strings.Join(alternatives, `|`)
}
