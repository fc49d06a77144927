package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgeward/content"
	"edgeward/content/yaml"
	"edgeward/internal/app/config"
	"edgeward/internal/cli"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/judge/detect"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/all"
)

// page begins a page with its title and the note on where it comes from.
func page(title, source string) *bytes.Buffer {
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "<!-- Written by tools/docgen from %s; run `make docs` after a change there. -->\n# %s\n\n", source, title)
	return b
}

// cell makes text fit for a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(strings.TrimSpace(s))
}

// checks writes the catalogue of checks, family by family.
func checks() ([]byte, error) {
	list, err := detect.ParseCatalogue(content.Checks())
	if err != nil {
		return nil, err
	}
	b := page("Checks", "content/checks.yaml")
	fmt.Fprintf(b, `Every finding is made by one of these %d checks. Their ids are stable: scripts may rely on them.

The severity is what a finding has unless its detector has a reason to raise or lower it. An episode of a
check ends when its cause has been absent for the quiet time; within an episode there is one finding, with
a count, for each group. ATT&CK ids are those of the Enterprise and ICS matrices.
`, len(list))
	family := ""
	for _, c := range list {
		if f, _, _ := strings.Cut(c.ID, "."); f != family {
			family = f
			fmt.Fprintf(b, "\n## %s\n", family)
		}
		fmt.Fprintf(b, "\n### %s\n\n**%s.** %s\n\n*What to do:* %s\n\n", c.ID, c.Title, strings.TrimSpace(c.Explanation), strings.TrimSpace(c.Remedy))
		fmt.Fprintf(b, "%s · %s · one finding for each %s · quiet time %s%s\n", c.Kind, c.Severity, cmp.Or(c.Group, "host"), quiet(c.Quiet), attack(c))
	}
	return b.Bytes(), nil
}

func quiet(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		switch n := d / u.unit; {
		case d%u.unit != 0 || n == 0:
		case n == 1:
			return "1 " + u.name
		default:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return d.String()
}

func attack(c finding.Check) string {
	var b strings.Builder
	for i, id := range c.Attack {
		b.WriteString(map[bool]string{true: " · ATT&CK ", false: ", "}[i == 0])
		fmt.Fprintf(&b, "[%s](https://attack.mitre.org/techniques/%s/)", id, strings.ReplaceAll(id, ".", "/"))
	}
	return b.String()
}

// commands writes what each command says of itself.
func commands() ([]byte, error) {
	b := page("Commands", "the help of the commands")
	b.WriteString("What each command prints with `--help`. The same as manual pages: `edgeward man DIR`.\n")
	for names := []string{""}; len(names) > 0; {
		name := names[0]
		var out, errw bytes.Buffer
		args := append(strings.Fields(name), "--help")
		if code := cli.Run(context.Background(), args, strings.NewReader(""), &out, &errw); code != 0 {
			return nil, fmt.Errorf("edgeward %s --help: exit code %d: %s", name, code, errw.String())
		}
		names = append(below(name, out.String()), names[1:]...)
		fmt.Fprintf(b, "\n## %s\n\n```\n%s\n```\n", strings.TrimSpace("edgeward "+name), strings.TrimSpace(out.String()))
	}
	return b.Bytes(), nil
}

// below gives the commands that the help of one lists, those for the shell's
// completion left out.
func below(name, help string) []string {
	_, list, _ := strings.Cut(help, "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var out []string
	for line := range strings.Lines(list) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word != "" && word != "help" && name != "completion" {
			out = append(out, strings.TrimSpace(name+" "+word))
		}
	}
	return out
}

// events writes the kinds of facts and their fields.
func events() ([]byte, error) {
	b := page("Events", "the registry of facts in internal/event")
	b.WriteString("The `event_type` of each JSON line and the fields of the object of the same name. What stands around it, and\n" +
		"`alert` and `stats`, is in [../eve.md](../eve.md). A field that has nothing to say is left out.\n\n")
	list := slices.Clone(event.Registry)
	slices.SortFunc(list, func(a, b event.KindInfo) int { return cmp.Compare(a.Name, b.Name) })
	for i, k := range list {
		if i > 0 {
			b.WriteString(" · ")
		}
		fmt.Fprintf(b, "[%s](#%s)", k.Name, k.Name)
	}
	b.WriteString("\n")
	for _, k := range list {
		fmt.Fprintf(b, "\n## %s\n\n%s\n\n| field | type | what |\n|---|---|---|\n", k.Name, cell(k.Doc))
		for _, f := range k.Fields {
			typ := f.Type
			if f.List {
				typ = "list of " + typ
			}
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, typ, cell(f.Doc))
		}
	}
	return b.Bytes(), nil
}

// protocols writes which protocols are recognised, and where they are expected.
func protocols() ([]byte, error) {
	b := page("Protocols", "internal/wire/proto/all")
	list := slices.Clone(all.Protocols())
	slices.SortFunc(list, func(a, b proto.Protocol) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	fmt.Fprintf(b, `The %d protocols that the program recognises, by the names that reports and JSON lines use. Recognition goes
by content on every port; the ports are those on which a protocol is registered or customary, where less proof
is asked for and a broken message is called one. The connections of ftp-data are known by what ftp announced.

| protocol | over | ports |
|---|---|---|
`, len(list))
	for _, p := range list {
		fmt.Fprintf(b, "| %s | %s | %s |\n", p.ID, strings.Join(carriers(p), ", "), strings.Join(ports(p), ", "))
	}
	return b.Bytes(), nil
}

func carriers(p proto.Protocol) (over []string) {
	if p.TCP {
		over = append(over, "TCP")
	}
	if p.UDP {
		over = append(over, "UDP")
	}
	for _, t := range p.EtherTypes {
		over = append(over, fmt.Sprintf("EtherType 0x%04x", t))
	}
	for _, n := range p.IPProtocols {
		over = append(over, fmt.Sprintf("IP protocol %d", n))
	}
	if len(over) == 0 {
		over = append(over, "another protocol")
	}
	return over
}

func ports(p proto.Protocol) (list []string) {
	sorted := slices.Clone(p.Ports)
	slices.Sort(sorted)
	for _, n := range sorted {
		list = append(list, fmt.Sprint(n))
	}
	return list
}

// types writes the closed list of device types.
func types() ([]byte, error) {
	raw, err := content.Files.ReadFile("types.yaml")
	if err != nil {
		return nil, err
	}
	var list []struct {
		Type string `yaml:"type"`
		What string `yaml:"what"`
	}
	if err := yaml.Decode(raw, &list); err != nil {
		return nil, err
	}
	b := page("Device types", "content/types.yaml")
	b.WriteString("The closed list of what a device can be. What fits none of them is `unknown`.\n\n| type | what |\n|---|---|\n")
	for _, t := range list {
		fmt.Fprintf(b, "| `%s` | %s |\n", t.Type, cell(t.What))
	}
	return b.Bytes(), nil
}

func configuration() ([]byte, error) {
	b := page("Configuration", "internal/app/config")
	b.WriteString("Flags win over the environment, which wins over the YAML file (`--config`, `EDGEWARD_CONFIG`, or `/etc/edgeward/edgeward.yaml`), which wins over the defaults. `edgeward config check` shows each value and where it comes from, `edgeward config init` writes a file with every key as a comment, and [config.schema.json](config.schema.json) is for editors. Lists in variables are separated by commas.\n\n| key | variable | default | what |\n|---|---|---|---|\n")
	for _, e := range config.Entries() {
		variable, standard, doc := "", "", cell(e.Doc)
		if e.Variable != "" {
			variable = "`" + e.Variable + "`"
		}
		if e.Default != "" {
			standard = "`" + e.Default + "`"
		}
		if e.Words != nil {
			doc += " (" + strings.Join(e.Words, ", ") + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", e.Key, variable, standard, doc)
	}
	return b.Bytes(), nil
}
