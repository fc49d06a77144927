package policy

// Limit is something that a profile says and another format cannot, or the
// other way round. Whoever translates gives the whole list: nothing is left
// out silently.
type Limit struct {
	Policy string `json:"policy,omitempty"` // id, where several are translated at once
	Line   string `json:"line,omitempty"`   // id of the line, or the other format's name of the rule; empty for the profile as a whole
	What   string `json:"what"`             // what is not said: verbs, rates, hours, peer ...
	Why    string `json:"why"`              // why not, and what stands there instead
}
