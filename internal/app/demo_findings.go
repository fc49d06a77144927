//go:build !sensor

package app

import (
	"context"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/finding"
)

// found reports whether the worm's whole chain is known, and the camera that
// it took over.
func (d *demo) found(ctx context.Context) (bool, error) {
	list, _, err := d.h.State.Findings(ctx, finding.Filter{Checks: []string{"infection.device-compromised"}, Limit: 1})
	return len(list) == 1 && list[0].Device != "", err
}

// comment acknowledges one finding and says why.
func (d *demo) comment(ctx context.Context, admin *account.User) error {
	list, _, err := d.h.State.Findings(ctx, finding.Filter{Checks: []string{"exposure.mqtt-anonymous"}, Limit: 1})
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = d.h.State.EditFinding(ctx, 0, list[0].ID, func(r *finding.Record) error {
		r.Status, r.Assignee = finding.Acknowledged, admin.Name
		r.Comments = append(r.Comments, finding.Comment{Time: time.Now().UnixNano(), User: admin.Name, Text: "Accounts for the sensors are being rolled out; expected to be done this week.", Status: finding.Acknowledged})
		return nil
	})
	return err
}
