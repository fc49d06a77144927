//go:build !sensor

package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newSensors(s *streams) *cobra.Command {
	return s.group("sensors", "sensors that report to the hub", `  edgeward sensors list
  edgeward sensors enrol --name attic --site home
  edgeward sensors edit ID --set interface=eth1 --set filter='not port 22'
  edgeward sensors wave start --version 1.2.0 --step 10 --step 50 --step 100`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{h.sensorsList(), h.sensorsShow(), h.sensorsEdit(), h.sensorsRevoke(), h.sensorsEnrol(), h.sensorsWave()}
	})
}

var sensorColumns = columns("id name site state version seen backlog packets facts problem")

func (h *hubFlags) sensorsList() *cobra.Command {
	return verb("list", "list sensors", "  edgeward sensors list --format json", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.get(cmd, "/sensors", nil, sensorColumns)
	})
}

func (h *hubFlags) sensorsShow() *cobra.Command {
	return verb("show ID", "show one sensor", "  edgeward sensors show ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/sensors/"+pathOf(args[0]), nil, nil)
	})
}

// settings reads KEY=VALUE words.
func settings(cmd *cobra.Command, words []string) (map[string]string, error) {
	out := map[string]string{}
	for _, w := range words {
		k, v, both := strings.Cut(w, "=")
		if !both || k == "" {
			return nil, usage(cmd, fmt.Errorf("--set %q: want KEY=VALUE", w))
		}
		out[k] = v
	}
	return out, nil
}

func (h *hubFlags) sensorsEdit() *cobra.Command {
	var set []string
	cmd := verb("edit ID", "change what a sensor is to run", "  edgeward sensors edit ID --name attic --set interface=eth1", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		body := members(cmd, "name", "site", "version", "content")
		if len(set) > 0 {
			config, err := settings(cmd, set)
			if err != nil {
				return err
			}
			body["config"] = config
		}
		if err := need(cmd, body); err != nil {
			return err
		}
		return h.change(cmd, "PATCH", "/sensors/"+pathOf(args[0]), body, sensorColumns)
	})
	fl := cmd.Flags()
	fl.String("name", "", "name")
	fl.String("site", "", "site")
	fl.String("version", "", "of the program")
	fl.String("content", "", "of the content bundle")
	fl.StringArrayVar(&set, "set", nil, "configuration as KEY=VALUE, replacing what was wanted; may be repeated")
	return cmd
}

func (h *hubFlags) sensorsRevoke() *cobra.Command {
	return verb("revoke ID", "let a sensor in no more", "  edgeward sensors revoke ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.change(cmd, "POST", "/sensors/"+pathOf(args[0])+"/revoke", nil, sensorColumns)
	})
}

func (h *hubFlags) sensorsEnrol() *cobra.Command {
	cmd := verb("enrol", "make a one-time token for a new sensor; it is shown once", "  edgeward sensors enrol --name attic --site home --hours 2", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.change(cmd, "POST", "/enrolments", members(cmd, "name=sensor", "site", "hours"), nil)
	})
	cmd.Flags().String("name", "", "name that the sensor will have")
	cmd.Flags().String("site", "", "its site")
	cmd.Flags().Int("hours", 24, "how long the token is good")
	return cmd
}

func (h *hubFlags) sensorsWave() *cobra.Command {
	cols := columns("id state step version content created author reason")
	cmd := &cobra.Command{Use: "wave", Short: "upgrade sensors step by step", Example: "  edgeward sensors wave start --version 1.2.0\n  edgeward sensors wave advance ID\n  edgeward sensors wave rollback ID", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var steps []int
	var interval time.Duration
	var set []string
	start := verb("start", "begin with the first step", "  edgeward sensors wave start --content 2026.11.2 --step 20 --step 100", noArgs, func(cmd *cobra.Command, _ []string) error {
		body := members(cmd, "version", "content", "sensor=sensors", "auto-rollback")
		if len(set) > 0 {
			config, err := settings(cmd, set)
			if err != nil {
				return err
			}
			body["config"] = config
		}
		if err := need(cmd, body); err != nil {
			return err
		}
		if len(steps) > 0 {
			body["steps"] = steps
		}
		if interval > 0 {
			body["interval"] = int((interval + time.Second - 1) / time.Second)
		}
		return h.change(cmd, "POST", "/waves", body, cols)
	})
	start.Flags().String("version", "", "of the program")
	start.Flags().String("content", "", "of the content bundle")
	start.Flags().StringArray("sensor", nil, "only this sensor; may be repeated")
	start.Flags().IntSliceVar(&steps, "step", nil, "percent of the sensors after each step; the last is 100")
	start.Flags().DurationVar(&interval, "interval", 0, "begin the next step by itself when all sensors were well for this time, such as 30m")
	start.Flags().Bool("auto-rollback", false, "with --interval: go back when a sensor does not come back or has a problem")
	start.Flags().StringArrayVar(&set, "set", nil, "configuration as KEY=VALUE; may be repeated")
	cmd.AddCommand(start,
		verb("list", "list waves", "  edgeward sensors wave list", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/waves", nil, cols) }),
		verb("show ID", "show one wave with its sensors", "  edgeward sensors wave show ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
			return h.get(cmd, "/waves/"+pathOf(args[0]), nil, nil)
		}))
	for name, short := range map[string]string{"advance": "begin the next step, or go on with a halted one", "halt": "let it go on only when somebody advances it", "rollback": "let all its sensors want what they wanted before"} {
		cmd.AddCommand(verb(name+" ID", short, "  edgeward sensors wave "+name+" ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
			return h.change(cmd, "POST", "/waves/"+pathOf(args[0])+"/"+name, nil, cols)
		}))
	}
	return cmd
}
