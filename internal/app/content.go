package app

import (
	"fmt"
	"os"
	"path"
	"sync"

	"edgeward/content"
	"edgeward/content/yaml"
	"edgeward/internal/finding"
	"edgeward/internal/judge/detect"
	"edgeward/internal/judge/fingerprint"
)

// What is embedded is read once, however many analyses there are; nobody
// changes it after that.
var (
	catalogue = sync.OnceValues(func() ([]finding.Check, error) {
		checks, err := detect.ParseCatalogue(content.Checks())
		if err != nil {
			return nil, fmt.Errorf("load the catalogue of checks: %w", err)
		}
		return checks, nil
	})
	loadTypes            = sync.OnceValues(readTypes)
	embeddedFingerprints = sync.OnceValues(func() (*fingerprint.DB, error) {
		types, err := loadTypes()
		if err != nil {
			return nil, err
		}
		return loadFingerprints("", types)
	})
)

// readTypes gives the test whether a word is in the closed list of types.
func readTypes() (func(string) bool, error) { return typesOf(content.Current()) }

func typesOf(set content.Set) (func(string) bool, error) {
	var list []struct {
		Type string `yaml:"type"`
		What string `yaml:"what"`
	}
	b, err := set.File("types.yaml")
	if err == nil {
		err = yaml.Decode(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("load the list of device types: %w", err)
	}
	known := map[string]bool{}
	for _, t := range list {
		known[t.Type] = true
	}
	return func(s string) bool { return known[s] }, nil
}

// loadFingerprints gives the embedded fingerprints and, when recog names a
// folder, recog's beside them.
func loadFingerprints(recog string, types func(string) bool) (*fingerprint.DB, error) {
	return fingerprintsOf(content.Current(), recog, types)
}

func fingerprintsOf(set content.Set, recog string, types func(string) bool) (*fingerprint.DB, error) {
	raw, err := set.File("oui.bin")
	if err != nil {
		return nil, fmt.Errorf("load the makers of MAC addresses: %w", err)
	}
	oui, err := fingerprint.ReadOUI(raw)
	if err != nil {
		return nil, err
	}
	db := fingerprint.New(oui)
	names, err := set.FingerprintFiles()
	if err != nil {
		return nil, fmt.Errorf("load fingerprints: %w", err)
	}
	for _, name := range names {
		b, err := set.File(name)
		if err != nil {
			return nil, fmt.Errorf("load fingerprints: %w", err)
		}
		if err := db.Load(path.Base(name), b, types); err != nil {
			return nil, err
		}
	}
	if recog != "" {
		if _, _, err := db.LoadRecog(recog, types); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// useKnowledge makes the files of a content bundle win over the embedded ones,
// and reads them now: later the process may have no access to files.
func useKnowledge(dir string) error {
	content.Use(os.DirFS(dir))
	if _, err := catalogue(); err != nil {
		return err
	}
	_, err := embeddedFingerprints()
	return err
}

// knowledgeIn gives options of a judge with the files of a bundle, without
// making them those in use.
func knowledgeIn(dir string) (o JudgeOptions, err error) {
	set := content.In(os.DirFS(dir))
	raw, err := set.File("checks.yaml")
	if err != nil {
		return o, fmt.Errorf("load the catalogue of checks: %w", err)
	}
	if o.Checks, err = detect.ParseCatalogue(raw); err != nil {
		return o, fmt.Errorf("load the catalogue of checks: %w", err)
	}
	known, err := typesOf(set)
	if err != nil {
		return o, err
	}
	o.Prints, err = fingerprintsOf(set, "", known)
	return o, err
}
