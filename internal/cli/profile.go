//go:build !sensor

package cli

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

// addProfiles gives every command hidden flags that write profiles for pprof.
func addProfiles(root *cobra.Command) {
	var cpu, mem string
	var stop func() error
	fl := root.PersistentFlags()
	fl.StringVar(&cpu, "cpuprofile", "", "write a CPU profile to this file")
	fl.StringVar(&mem, "memprofile", "", "write a profile of the memory in use at the end to this file")
	_ = errors.Join(fl.MarkHidden("cpuprofile"), fl.MarkHidden("memprofile")) // fails only for flags that are not there
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if cpu == "" {
			return nil
		}
		f, err := os.Create(cpu)
		if err != nil {
			return fmt.Errorf("write CPU profile: %w", err)
		}
		stop = func() error { pprof.StopCPUProfile(); return f.Close() }
		return pprof.StartCPUProfile(f)
	}
	root.PersistentPostRunE = func(*cobra.Command, []string) error {
		if stop != nil {
			if err := stop(); err != nil {
				return err
			}
		}
		if mem == "" {
			return nil
		}
		f, err := os.Create(mem)
		if err != nil {
			return fmt.Errorf("write memory profile: %w", err)
		}
		runtime.GC()
		return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
	}
}
