package app

import (
	"fmt"
	"os"

	"edgeward/content/yaml"
	"edgeward/internal/ident"
	"edgeward/internal/judge/inventory"
)

// LoadZones reads the zones of the network from a YAML file:
//
//	zones:
//	  - name: plant
//	    networks: [10.1.0.0/16]
//	    macs: ["00:0e:8c:01:02:03"]
//	    vlans: [20]
func LoadZones(path string) ([]inventory.Zone, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &ident.Error{Code: ident.NotFound, Hint: "see the example in docs/zones.md", Err: fmt.Errorf("load zones: %w", err)}
	}
	var file struct {
		Zones []struct {
			Name     string   `yaml:"name"`
			Networks []string `yaml:"networks"`
			MACs     []string `yaml:"macs"`
			VLANs    []uint16 `yaml:"vlans"`
		} `yaml:"zones"`
	}
	if err := yaml.Decode(b, &file); err != nil {
		return nil, ident.Errorf(ident.Invalid, "see the example in docs/zones.md", "load zones %q: %w", path, err)
	}
	var out []inventory.Zone
	for i, z := range file.Zones {
		if z.Name == "" {
			return nil, ident.Errorf(ident.Invalid, "give each zone a name", "load zones %q: zone %d has no name", path, i+1)
		}
		zone := inventory.Zone{Name: z.Name, VLANs: z.VLANs}
		if zone.Prefixes, err = ident.ParsePrefixes(z.Networks); err != nil {
			return nil, ident.Errorf(ident.Invalid, ident.HintOf(err), "load zones %q: zone %q: %w", path, z.Name, err)
		}
		for _, m := range z.MACs {
			mac, err := ident.ParseMAC(m)
			if err != nil {
				return nil, ident.Errorf(ident.Invalid, "write MAC addresses such as 00:0e:8c:01:02:03", "load zones %q: zone %q: %w", path, z.Name, err)
			}
			zone.MACs = append(zone.MACs, mac)
		}
		out = append(out, zone)
	}
	return out, nil
}
