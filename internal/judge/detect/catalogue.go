package detect

import (
	"fmt"

	"edgeward/content/yaml"
	"edgeward/internal/finding"
)

// ParseCatalogue reads the catalogue of checks (content/checks.yaml).
func ParseCatalogue(b []byte) ([]finding.Check, error) {
	var checks []finding.Check
	if err := yaml.Decode(b, &checks); err != nil {
		return nil, fmt.Errorf("parse catalogue of checks: %w", err)
	}
	seen := make(map[string]bool, len(checks))
	for i := range checks {
		c := &checks[i]
		switch {
		case c.ID == "":
			return nil, fmt.Errorf("parse catalogue of checks: entry %d has no id", i+1)
		case seen[c.ID]:
			return nil, fmt.Errorf("parse catalogue of checks: %s is there twice", c.ID)
		case c.Confidence < 0 || c.Confidence > 1:
			return nil, fmt.Errorf("parse catalogue of checks: %s: confidence %v is outside 0 to 1", c.ID, c.Confidence)
		case c.Quiet <= 0:
			return nil, fmt.Errorf("parse catalogue of checks: %s: quiet time is missing", c.ID)
		}
		switch c.Kind {
		case finding.Exposure, finding.Detection, finding.Vulnerability, finding.Compliance:
		default:
			return nil, fmt.Errorf("parse catalogue of checks: %s: unknown kind %q", c.ID, c.Kind)
		}
		seen[c.ID] = true
	}
	return checks, nil
}
