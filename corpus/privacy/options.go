package privacy

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// StepName is the step as recipes name it.
const StepName = "private"

// Groups of kinds, as a recipe names them.
const (
	Email = "email"
	Phone = "phone"
	IP    = "ip"
	Card  = "card"
	IBAN  = "iban"
	ID    = "id" // every national id that this package knows
)

// Options say what is private and what takes its place.
type Options struct {
	// Kinds are what is looked for: groups, or single national ids such as
	// "us_ssn"; Kinds() lists both. Default: all groups.
	Kinds []string `yaml:"kinds" json:"kinds"`
	// Placeholders are the texts that take the place, by kind or group; a kind
	// without one has its group's. Default: <EMAIL>, <PHONE>, <IP>, <CARD>, <IBAN>
	// and <ID>.
	Placeholders map[string]string `yaml:"placeholders" json:"placeholders"`
	// Allow are addresses that stay, in lower case: a whole address
	// ("help@site.org"), a domain with those below it ("example.com"), the part
	// before the @ ("git@"), or an IP address. Default: what RFC 2606 reserves for
	// examples, and git@.
	Allow []string `yaml:"allow" json:"allow"`
	// PrivateIPs says that addresses which no host in the Internet has (private
	// networks, loopback, documentation, multicast) are replaced as well.
	PrivateIPs bool `yaml:"private_ips" json:"private_ips"`
}

// SetDefaults sets what a recipe need not say.
func (o *Options) SetDefaults() {
	*o = Options{
		Kinds: []string{Email, Phone, IP, Card, IBAN, ID},
		Allow: []string{"example.com", "example.org", "example.net", "example", "invalid", "test", "localhost", "git@"},
	}
}

// Check reports the first impossible value as a *recipe.ValueError.
func (o *Options) Check() error {
	if len(o.Kinds) == 0 {
		return recipe.Bad("kinds", "kinds names nothing to look for: name a kind or leave the step out")
	}
	for _, name := range o.Kinds {
		if !slices.Contains(Kinds(), name) {
			return recipe.Bad("kinds", "kinds: there is no kind %q: the kinds are %s", name, strings.Join(Kinds(), ", "))
		}
	}
	for name, text := range o.Placeholders {
		if !slices.Contains(Kinds(), name) {
			return recipe.Bad("placeholders", "placeholders: there is no kind %q: the kinds are %s", name, strings.Join(Kinds(), ", "))
		}
		if len(text) > 64 {
			return recipe.Bad("placeholders", "placeholders: that of %q has %d bytes, 64 are allowed", name, len(text))
		}
	}
	for _, entry := range o.Allow {
		if entry == "" || entry != strings.ToLower(entry) {
			return recipe.Bad("allow", "allow: %q must be an address, a domain or a part before the @, in lower case", entry)
		}
	}
	return nil
}

// Kinds lists the groups and then the single kinds of id that Options may name,
// which are also the reasons of the cuts.
func Kinds() []string {
	names := []string{Email, Phone, IP, Card, IBAN, ID}
	for k := firstID; k < kindCount; k++ {
		names = append(names, kindNames[k])
	}
	return names
}

// kind is one sort of private data.
type kind uint8

const (
	email kind = iota
	phone
	ip
	card
	iban
	usSSN
	ukNINO
	deTax
	frNIR
	itFiscal
	esDNI
	nlBSN
	brCPF
	brCNPJ
	inAadhaar
	inPAN
	caSIN
	auTFN
	plPESEL
	cnResident
	krRRN
	seNumber
	beNRN
	chAHV
	trNumber
	ptNIF
	noNumber
	zaID
	mxCURP
	kindCount
	firstID = usSSN
)

var kindNames = [kindCount]string{
	Email, Phone, IP, Card, IBAN,
	"us_ssn", "uk_nino", "de_tax", "fr_nir", "it_fiscal", "es_dni", "nl_bsn", "br_cpf", "br_cnpj", "in_aadhaar",
	"in_pan", "ca_sin", "au_tfn", "pl_pesel", "cn_resident", "kr_rrn", "se_number", "be_nrn", "ch_ahv",
	"tr_number", "pt_nif", "no_number", "za_id", "mx_curp",
}

// group is the name of the group that k belongs to.
func (k kind) group() string {
	if k >= firstID {
		return ID
	}
	return kindNames[k]
}
