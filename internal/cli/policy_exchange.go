//go:build !sensor

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/output/translate"
	"edgeward/internal/policy"
)

// asPolicy is the format of policy files themselves.
const asPolicy = "policy"

type exportFlags struct {
	to, output, limits, mode, url, key, cert, signature string
	only, gateways, resolvers, local                    []string
	fromHub, byAddress, byClientID                      bool
}

func newPolicyExport(h *hubFlags) *cobra.Command {
	var f exportFlags
	formats := append(translate.Formats(), asPolicy)
	cmd := &cobra.Command{
		Use:   "export --to FORMAT POLICY...",
		Short: "write profiles as what today's equipment takes",
		Long: `Export writes the profiles of policy files, or of the hub, in the format of a
firewall, a broker, an intrusion detection system, or as a manufacturer usage
description (MUD, RFC 8520). What a format cannot say is told on standard error,
and with --limits written as JSON: nothing is left out silently.`,
		Example: `  edgeward policy export --to nftables -o edgeward.nft policy.yaml
  edgeward policy export --to mosquitto policy.yaml > acl
  edgeward policy export --to mud --only profile-d1 --mud-url https://example.org/d1.json -o d1.json policy.yaml
  edgeward policy export --to mud --cert sign.pem --sign-key sign.key -o d1.json policy.yaml
  edgeward policy export --from-hub -o policy.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.fromHub == (len(args) > 0) {
				return usage(cmd, errors.New("export: POLICY missing, or --from-hub"))
			}
			if !slices.Contains(formats, f.to) {
				_, _, err := translate.Kind(f.to)
				return err
			}
			list, err := h.exported(cmd, &f, args)
			if err != nil {
				return err
			}
			return h.s.export(cmd, &f, list)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", asPolicy, "one of mud, nftables, dnsmasq, mosquitto, emqx, suricata, edl, edl-names, edl-blocked, guard, policy")
	fl.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output")
	fl.StringVar(&f.limits, "limits", "", "write what the format cannot say to this file, as JSON")
	fl.StringArrayVar(&f.only, "only", nil, "only the policy with this id; may be repeated")
	fl.BoolVar(&f.fromHub, "from-hub", false, "take the hub's profiles instead of files")
	fl.StringVar(&f.mode, "mode", "", "observe, warn or enforce, instead of what each policy says")
	fl.StringArrayVar(&f.gateways, "gateway", nil, "address of the router; may be repeated")
	fl.StringArrayVar(&f.resolvers, "resolver", nil, "address of a DNS resolver; may be repeated")
	fl.StringArrayVar(&f.local, "home", nil, "a network that is home beside the private ones, as CIDR; may be repeated")
	fl.BoolVar(&f.byAddress, "by-address", false, "nftables: know devices by address, for a router that is not on their link")
	fl.BoolVar(&f.byClientID, "by-client-id", false, "mosquitto: bind topics to client ids, for brokers without accounts; a client id is not proven")
	fl.StringVar(&f.url, "mud-url", "", "mud: URL under which the file will be published")
	fl.StringVar(&f.cert, "cert", "", "mud: PEM file with the certificate to sign with, and its chain")
	fl.StringVar(&f.key, "sign-key", "", "mud: PEM file with its key")
	fl.StringVar(&f.signature, "signature", "", "mud: file for the signature (default: that of --output with .p7s)")
	complete(cmd, "to", formats...)
	complete(cmd, "mode", "observe", "warn", "enforce")
	return cmd
}

// exported gives the policies that are to be written.
func (h *hubFlags) exported(cmd *cobra.Command, f *exportFlags, args []string) ([]*policy.Policy, error) {
	var list []*policy.Policy
	if f.fromHub {
		c, err := h.connect(cmd)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := c.Download(cmd.Context(), "GET", "/profiles/document", map[string][]string{"format": {"json"}}, nil, &b); err != nil {
			return nil, err
		}
		doc, err := document.Read("the hub's answer", b.Bytes())
		if err != nil {
			return nil, err
		}
		list = doc.Policies
	} else {
		var problems []document.Problem
		var err error
		if list, problems, err = app.LoadPolicies(args, h.s.in); err != nil {
			return nil, err
		}
		h.s.warn(problems)
	}
	for _, id := range f.only {
		if !slices.ContainsFunc(list, func(p *policy.Policy) bool { return p.ID == id }) {
			return nil, ident.Errorf(ident.NotFound, "", "there is no policy %q", id)
		}
	}
	if len(f.only) > 0 {
		list = slices.DeleteFunc(list, func(p *policy.Policy) bool { return !slices.Contains(f.only, p.ID) })
	}
	return list, nil
}

func (f *exportFlags) options(cmd *cobra.Command) (translate.Options, error) {
	o := translate.Options{URL: f.url, Now: time.Now().UTC().Truncate(time.Second)}
	o.Rules.Mode, o.Rules.ByAddress, o.Rules.ByClientID = policy.Mode(f.mode), f.byAddress, f.byClientID
	if !slices.Contains([]string{"", "observe", "warn", "enforce"}, f.mode) {
		return o, usage(cmd, fmt.Errorf("--mode %q: want observe, warn or enforce", f.mode))
	}
	var err error
	if o.Rules.Local, err = ident.ParsePrefixes(f.local); err != nil {
		return o, fmt.Errorf("--home: %w", err)
	}
	for _, list := range []struct {
		flag  string
		texts []string
		to    *[]netip.Addr
	}{{"--gateway", f.gateways, &o.Rules.Gateways}, {"--resolver", f.resolvers, &o.Rules.Resolvers}} {
		for _, text := range list.texts {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return o, usage(cmd, fmt.Errorf("%s %q: want an address", list.flag, text))
			}
			*list.to = append(*list.to, a)
		}
	}
	return o, nil
}

func (s *streams) export(cmd *cobra.Command, f *exportFlags, list []*policy.Policy) error {
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	var limits []policy.Limit
	if f.to == asPolicy {
		err = document.Write(&b, list, document.YAML)
	} else {
		limits, err = translate.Write(&b, f.to, list, o)
	}
	if err != nil {
		return err
	}
	if f.cert != "" || f.key != "" {
		if f.to != translate.MUD || f.cert == "" || f.key == "" || f.output == "" && f.signature == "" {
			return usage(cmd, errors.New("export: signing is for --to mud, with --cert, --sign-key and --output"))
		}
		sig, err := app.SignMUD(b.Bytes(), f.cert, f.key)
		if err != nil {
			return err
		}
		name := f.signature
		if name == "" {
			name = f.output + ".p7s"
		}
		if err := s.writeFile(name, sig); err != nil {
			return err
		}
	}
	if err := s.tellLimits(limits, f.limits); err != nil {
		return err
	}
	return s.writeFile(f.output, b.Bytes())
}

func (s *streams) writeFile(name string, b []byte) error {
	out, done, err := s.output(name, reportMode)
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	return done(err)
}

// shownLimits is how many kinds of limits are told on standard error.
const shownLimits = 20

// tellLimits says what a format cannot say.
func (s *streams) tellLimits(limits []policy.Limit, file string) error {
	type told struct{ what, why string }
	var order []told
	lines := map[told][]string{}
	for _, l := range limits {
		k := told{l.What, l.Why}
		if lines[k] == nil {
			order = append(order, k)
		}
		lines[k] = append(lines[k], l.Line)
	}
	for i, k := range order {
		if i == shownLimits {
			fmt.Fprintf(s.err, "edgeward: and %d more kinds of limits; --limits FILE has them all\n", len(order)-i)
			break
		}
		where := ""
		switch n := len(lines[k]); {
		case n > 1:
			where = fmt.Sprintf(" (%d times)", n)
		case lines[k][0] != "":
			where = " (line " + inert(lines[k][0]) + ")"
		}
		fmt.Fprintf(s.err, "edgeward: limit: %s%s: %s\n", inert(k.what), where, inert(k.why))
	}
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(append([]policy.Limit{}, limits...), "", "  ")
	if err != nil {
		return fmt.Errorf("write the limits: %w", err)
	}
	return s.writeFile(file, append(b, '\n'))
}

func newPolicyImport(h *hubFlags) *cobra.Command {
	var o app.MUDImport
	var format, output, limits string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "make a policy file of a manufacturer usage description (MUD)",
		Long: `Import reads a usage description, in the form of RFC 8520 or of its drafts, and
writes it as a policy file. With --signature its detached signature (CMS) is
checked first, against the authorities of --roots or of the system.`,
		Example: `  edgeward policy import --device 02:00:00:00:00:01 -o lamp.yaml lamp.json
  edgeward policy import --signature lamp.p7s --roots maker.pem lamp.json`,
		Args: exactArgs(1, "a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ownFormat(cmd, format, "yaml", "json", "text"); err != nil {
				return err
			}
			o.Path = args[0]
			if o.Path == "-" {
				return usage(cmd, errors.New("import: name a file"))
			}
			if _, err := os.Stat(o.Path); err != nil {
				return readError(o.Path, err)
			}
			p, missed, notes, err := app.ImportMUD(o)
			if err != nil {
				return err
			}
			for _, n := range notes {
				fmt.Fprintln(h.s.err, "edgeward:", inert(n))
			}
			if err := h.s.tellLimits(missed, limits); err != nil {
				return err
			}
			return h.s.writePolicies([]*policy.Policy{p}, format, output)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&o.Devices, "device", nil, "a device that it is for: MAC address, address or name; may be repeated")
	fl.StringVar(&o.Signature, "signature", "", "file with the detached signature")
	fl.StringVar(&o.Roots, "roots", "", "PEM file with the authorities that are trusted")
	fl.StringVar(&limits, "limits", "", "write what a profile cannot say to this file, as JSON")
	formatFlags(cmd, &format, &output, "yaml", "json", "text")
	return cmd
}
