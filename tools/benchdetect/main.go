// Command benchdetect measures detection: it analyses the captures and the
// labelled flow records of the shared folder, compares what is found with what
// the case lists beside it say, and prints recall and precision with the
// number of cases and 95 % intervals. The captures are no part of the project.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchdetect:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("benchdetect", flag.ContinueOnError)
	shared := fs.String("shared", "", "folder with captures/ and data/flows/ (default: ../shared, looked for upwards)")
	only := fs.String("only", "", "only cases whose file matches this pattern, such as 'dos/*'")
	markdown := fs.String("markdown", "", "also write the tables to this file")
	verbose := fs.Bool("v", false, "print every case with its findings")
	check := fs.Bool("check", false, "fail when a case fails")
	if err := fs.Parse(args); err != nil {
		return err
	}
	folder, err := findShared(*shared)
	if err != nil {
		return err
	}
	cases, err := loadCases()
	if err != nil {
		return err
	}
	ctx := context.Background()
	results, err := runCases(ctx, filepath.Join(folder, "captures"), *only, cases)
	if err != nil {
		return err
	}
	var flows []flowResult
	if *only == "" {
		if flows, err = runFlows(ctx, filepath.Join(folder, "data", "flows")); err != nil {
			return err
		}
	}
	s := summarise(results)
	s.flows = flows
	if *verbose {
		for _, r := range results {
			r.print(out)
		}
	} else {
		for _, r := range results {
			if r.failed() {
				r.print(out)
			}
		}
	}
	s.print(out)
	if *markdown != "" {
		if err := os.WriteFile(*markdown, []byte(s.markdown()), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", *markdown, err)
		}
	}
	if *check && s.failures > 0 {
		return fmt.Errorf("%d cases failed", s.failures)
	}
	return nil
}

// findShared looks for the shared folder beside this folder or one above it.
func findShared(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		candidate := filepath.Join(dir, "..", "shared")
		if _, err := os.Stat(filepath.Join(candidate, "captures")); err == nil {
			return candidate, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the shared folder with the captures is not there; say where it is with -shared")
		}
		dir = up
	}
}
