package content

import (
	"embed"
	_ "embed"
)

// Fingerprints holds the rules of package judge/fingerprint, one YAML file a
// family of devices.
//
//go:embed fingerprints/*.yaml
var Fingerprints embed.FS

// OUI is the compact table of MAC address assignments that tools/ouigen makes
// from the IEEE's public lists.
//
//go:embed oui.bin
var OUI []byte
