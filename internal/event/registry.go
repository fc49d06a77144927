package event

// KindInfo describes one kind of fact.
type KindInfo struct {
	Kind   Kind
	Name   string // event_type in EVE
	Doc    string
	Fields []FieldInfo
}

// FieldInfo describes one field of a kind of fact.
type FieldInfo struct {
	Name string // path below the kind's object in EVE, with dots
	Type string // string, int, bool, time, ip, secret
	List bool
	Doc  string
}

func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "unknown"
}

// KindByName gives the kind of that name.
func KindByName(name string) (Kind, bool) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), true
		}
	}
	return 0, false
}
