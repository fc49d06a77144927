package review

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"edgeward/internal/judge/profile"
)

//go:embed proof.html
var proofSource string

var proofPage = template.Must(template.New("proof").Funcs(template.FuncMap{
	"clean": clean, "time": moment, "what": What, "packets": packets,
	"days":  func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"bound": func(f float64) string { return fmt.Sprintf("%.3g", f) },
}).Parse(proofSource))

type proofData struct {
	*profile.Result
	blocks map[deviceOf][]*profile.Block
}

// Of gives what would have been blocked of a device.
func (d proofData) Of(x *profile.DeviceResult) []*profile.Block {
	return d.blocks[deviceOf{x.Policy, x.Address}]
}

// ProofHTML writes a proof as one page without scripts and without anything
// from elsewhere.
func ProofHTML(w io.Writer, r *profile.Result) error {
	return proofPage.Execute(w, proofData{r, byDevice(r)})
}
