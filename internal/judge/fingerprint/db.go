package fingerprint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"edgeward/content/yaml"
	"edgeward/internal/ident"
)

// Rule is one fingerprint: where any of Fields shows what Suffix, Contains or
// Regex ask for, the conclusions hold. Conclusions may use $0 (the match) and
// $1 to $9 (groups of the regular expression).
type Rule struct {
	ID         string             `yaml:"id"`
	Fields     []string           `yaml:"fields"`
	Suffix     []string           `yaml:"suffix"`   // of a domain name, on label borders
	Contains   []string           `yaml:"contains"` // any of these, in any case
	Regex      string             `yaml:"regex"`    // after Contains, when both are given
	Maker      []string           `yaml:"maker"`    // holds only for interfaces of these makers
	Vendor     string             `yaml:"vendor"`
	Model      string             `yaml:"model"`
	Type       string             `yaml:"type"`
	OS         string             `yaml:"os"`
	Firmware   string             `yaml:"firmware"`
	Confidence float64            `yaml:"confidence"` // of every conclusion, unless Sure says otherwise
	Sure       map[string]float64 `yaml:"sure"`       // confidence by attribute
	Example    string             `yaml:"example"`    // a value that matches
	re         *regexp.Regexp
	clues      []Clue
}

// DB holds the rules by field.
type DB struct {
	rules    []*Rule
	byField  map[string][]*Rule            // rules without a domain suffix
	suffixes map[string]map[string][]*Rule // field, domain
	oui      *OUI
}

// New makes a DB that knows interface makers from oui, which may be nil.
func New(oui *OUI) *DB {
	return &DB{byField: map[string][]*Rule{}, suffixes: map[string]map[string][]*Rule{}, oui: oui}
}

// Load adds the rules of one YAML file, which name names in errors.
func (d *DB) Load(name string, b []byte, types func(string) bool) error {
	var rules []*Rule
	if err := yaml.Decode(b, &rules); err != nil {
		return fmt.Errorf("load fingerprints %q: %w", name, err)
	}
	for i, r := range rules {
		if err := r.compile(types); err != nil {
			return fmt.Errorf("load fingerprints %q: rule %d (%s): %w", name, i+1, r.ID, err)
		}
		d.add(r)
	}
	return nil
}

func (r *Rule) compile(types func(string) bool) error {
	if r.ID == "" || len(r.Fields) == 0 || len(r.Suffix)+len(r.Contains) == 0 && r.Regex == "" {
		return fmt.Errorf("id, fields, or something to match is missing")
	}
	if r.Type != "" && types != nil && !types(r.Type) {
		return fmt.Errorf("type %q is not in the list of types", r.Type)
	}
	if r.Confidence <= 0 || r.Confidence > 1 {
		return fmt.Errorf("confidence %v is not in 0..1", r.Confidence)
	}
	for i, c := range r.Contains {
		r.Contains[i] = strings.ToLower(c)
	}
	if r.Regex != "" {
		re, err := regexp.Compile("(?i)" + r.Regex)
		if err != nil {
			return err
		}
		r.re = re
	}
	for _, c := range []Clue{
		{Attribute: Vendor, Value: r.Vendor}, {Attribute: Model, Value: r.Model}, {Attribute: Type, Value: r.Type},
		{Attribute: OS, Value: r.OS}, {Attribute: Firmware, Value: r.Firmware},
	} {
		if c.Value == "" {
			continue
		}
		c.Confidence, c.Rule, c.Maker = r.Confidence, r.ID, r.Maker
		if s, ok := r.Sure[c.Attribute.String()]; ok {
			c.Confidence = s
		}
		r.clues = append(r.clues, c)
	}
	if len(r.clues) == 0 {
		return fmt.Errorf("there is no conclusion")
	}
	return nil
}

func (d *DB) add(r *Rule) {
	d.rules = append(d.rules, r)
	for _, f := range r.Fields {
		if len(r.Suffix) == 0 {
			d.byField[f] = append(d.byField[f], r)
			continue
		}
		if d.suffixes[f] == nil {
			d.suffixes[f] = map[string][]*Rule{}
		}
		for _, s := range r.Suffix {
			d.suffixes[f][s] = append(d.suffixes[f][s], r)
		}
	}
}

// Rules gives all rules, for tests and documentation.
func (d *DB) Rules() []*Rule { return d.rules }

// Match gives the conclusions from a value shown in a field.
func (d *DB) Match(field, value string) []Clue {
	var out []Clue
	if m := d.suffixes[field]; m != nil {
		name := strings.ToLower(strings.TrimSuffix(value, "."))
		for s := name; s != ""; {
			for _, r := range m[s] {
				out = r.conclude(out, value, nil)
			}
			_, rest, ok := strings.Cut(s, ".")
			if !ok {
				break
			}
			s = rest
		}
	}
	rules := d.byField[field]
	if len(rules) == 0 {
		return out
	}
	lower := strings.ToLower(value)
	for _, r := range rules {
		if len(r.Contains) > 0 && !slices.ContainsFunc(r.Contains, func(c string) bool { return strings.Contains(lower, c) }) {
			continue
		}
		if r.re == nil {
			out = r.conclude(out, value, nil)
		} else if m := r.re.FindStringSubmatchIndex(value); m != nil {
			out = r.conclude(out, value, m)
		}
	}
	return out
}

func (r *Rule) conclude(out []Clue, value string, match []int) []Clue {
	for _, c := range r.clues {
		if strings.Contains(c.Value, "$") {
			if match == nil {
				c.Value = strings.ReplaceAll(c.Value, "$0", value)
			} else {
				c.Value = string(r.re.ExpandString(nil, c.Value, value, match))
			}
			if c.Value = strings.TrimSpace(c.Value); c.Value == "" {
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

// Vendor gives the maker of a network interface by its MAC.
func (d *DB) Vendor(mac ident.MAC) string {
	if d.oui == nil {
		return ""
	}
	return d.oui.Vendor(mac)
}
