//go:build !sensor

package api

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"edgeward/content"
	"edgeward/content/yaml"
	"edgeward/internal/judge/detect"
)

// deviceTypes reads the closed list of device types.
var deviceTypes = sync.OnceValues(func() ([]DeviceType, error) {
	raw, err := content.Files.ReadFile("types.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the device types: %w", err)
	}
	var entries []struct {
		Type string `yaml:"type"`
		What string `yaml:"what"`
	}
	if err := yaml.Decode(raw, &entries); err != nil {
		return nil, fmt.Errorf("read the device types: %w", err)
	}
	out := []DeviceType{}
	for _, e := range entries {
		out = append(out, DeviceType{e.Type, e.What})
	}
	return out, nil
})

func isType(name string) bool {
	types, err := deviceTypes()
	return err == nil && slices.ContainsFunc(types, func(t DeviceType) bool { return t.Name == name })
}

func (s *Server) listTypes(context.Context, *nothing) (*reply[[]DeviceType], error) {
	types, err := deviceTypes()
	if err != nil {
		return nil, err
	}
	return ok(types)
}

func (s *Server) listChecks(context.Context, *nothing) (*reply[[]Check], error) {
	checks, err := detect.ParseCatalogue(content.Checks())
	if err != nil {
		return nil, err
	}
	out := []Check{}
	for _, c := range checks {
		out = append(out, Check{c.ID, string(c.Kind), c.Severity.String(), c.Confidence, c.Title, c.Explanation, c.Remedy, list(c.Attack), c.Group})
	}
	return ok(out)
}
