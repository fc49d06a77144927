// Package translate writes profiles in any of the formats that others take,
// by name: those of package ruleset, and manufacturer usage descriptions. It
// adds nothing to them. Command line and API use it.
package translate

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
)

// MUD names the format of manufacturer usage descriptions.
const MUD = "mud"

// Options say what profiles leave open.
type Options struct {
	Rules ruleset.Options
	URL   string    // mud: under which the file will be published
	Now   time.Time // mud: when it is made
}

// Formats names the formats.
func Formats() []string {
	out := []string{MUD}
	for _, f := range ruleset.Formats() {
		out = append(out, f.Name)
	}
	return out
}

// Kind gives media type and extension of a format.
func Kind(to string) (mediaType, extension string, err error) {
	if to == MUD {
		return "application/mud+json", ".json", nil
	}
	f, err := ruleset.FormatByName(to)
	if err != nil {
		return "", "", unknown(to)
	}
	return f.MediaType, f.Extension, nil
}

func unknown(to string) error {
	hint := "there are " + strings.Join(Formats(), ", ")
	if near := ident.Nearest(to, Formats()); near != "" {
		hint = "did you mean " + near + "?"
	}
	return ident.Errorf(ident.Usage, hint, "unknown format %q", to)
}

// Write writes the profiles among policies and gives what the format cannot
// say of them. A usage description is of one profile.
func Write(w io.Writer, to string, list []*policy.Policy, o Options) ([]policy.Limit, error) {
	profiles := slices.DeleteFunc(slices.Clone(list), func(p *policy.Policy) bool { return p.Kind != policy.ForProfile })
	if len(profiles) == 0 {
		return nil, ident.Errorf(ident.Invalid, "", "there is no profile to write")
	}
	if to != MUD {
		f, err := ruleset.FormatByName(to)
		if err != nil {
			return nil, unknown(to)
		}
		return f.Write(w, profiles, o.Rules)
	}
	if len(profiles) > 1 {
		var ids []string
		for _, p := range profiles[:min(len(profiles), 8)] {
			ids = append(ids, p.ID)
		}
		return nil, ident.Errorf(ident.Invalid, "choose one: "+strings.Join(ids, ", "), "a usage description is of one profile, and there are %d", len(profiles))
	}
	x, err := profile.Body(profiles[0])
	if err != nil {
		return nil, err
	}
	file, limits, err := mud.FromProfile(x, mud.Options{URL: o.URL, Updated: o.Now})
	if err != nil {
		return nil, err
	}
	b, err := mud.Write(file)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(w, bytes.NewReader(b))
	return limits, err
}
