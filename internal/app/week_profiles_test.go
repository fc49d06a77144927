package app

import (
	"syscall"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/judge/profile"
	"edgeward/internal/shared"
	"edgeward/test/lab/week"
)

// TestProfilesOfAWeek learns the profiles of two sites of a thousand devices
// from three days and proves them on the four after these.
func TestProfilesOfAWeek(t *testing.T) {
	if testing.Short() || shared.Race {
		t.Skip("skipped: millions of facts")
	}
	captures := shared.Dir(t, "captures")
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for _, site := range []*week.Site{hospital(t, captures), plant(t, captures)} {
		t.Run(site.Name, func(t *testing.T) {
			j, err := newJudge(JudgeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			learner := profile.NewLearner(profile.LearnOptions{})
			reader := profile.NewReader(hostsOf{j.inventory})
			var set *profile.Set
			var proof *profile.Proof
			facts, spent := 0, time.Duration(0)
			change := start.Add(3 * 24 * time.Hour).UnixNano()
			err = site.Each(start, 7*24*time.Hour, func(list []*event.Fact) error {
				j.inventory.Observe(list)
				take := learner.Observe
				if proof == nil && len(list) > 0 && list[0].Time > change {
					var err error
					if set, err = profile.Compile(learner.Policies(j.inventory.Devices()), profile.Options{}); err != nil {
						return err
					}
					proof = profile.NewProof(set, profile.ProofOptions{})
				}
				if proof != nil {
					take = func(x *profile.Exchange) { proof.Observe(x) }
				}
				before := used()
				for _, f := range list {
					reader.Read(f, take)
				}
				if proof != nil {
					facts += len(list)
					spent += used() - before
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			r := proof.Result()
			share := float64(r.Summary.WouldBlock) / float64(r.Summary.Exchanges)
			t.Logf("%d profiles, %d facts in four days, %d exchanges, %.3f %% would be blocked; %.1f s of CPU: %.2f million facts a CPU-second; %s",
				set.Len(), facts, r.Summary.Exchanges, 100*share, spent.Seconds(), float64(facts)/1e6/spent.Seconds(), r.Summary.Verdict)
			for i, b := range r.Blocked {
				if i < 12 {
					t.Logf("%d x %s", b.Count, b.Why)
				}
			}
			if set.Len() < 800 || share > 0.005 || r.Summary.DeviceDays < 2000 || !r.Summary.Enough {
				t.Errorf("%d profiles, %+v", set.Len(), r.Summary)
			}
		})
	}
}

// used is the time that the process has spent on processors.
func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
