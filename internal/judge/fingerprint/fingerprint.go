// Package fingerprint turns what a device shows (a banner, a DHCP option, an
// mDNS name, the names it asks for) into beliefs about its vendor, model,
// type, operating system and firmware, by rules that are data (folder
// content/fingerprints, and recog's XML files when a user loads them). It
// keeps no state of devices; package inventory weighs what it gives.
//
// Packages of the judge stage and planes may use it.
package fingerprint

// Attribute is what a belief is about.
type Attribute uint8

// The attributes of a device that can be believed.
const (
	Vendor Attribute = iota
	Model
	Type
	OS
	Firmware
	Name
	Serial
	AttributeCount
)

var attributeNames = [AttributeCount]string{"vendor", "model", "type", "os", "firmware", "name", "serial"}

func (a Attribute) String() string { return attributeNames[a] }

// Clue is one conclusion from one observation.
type Clue struct {
	Attribute  Attribute
	Value      string
	Confidence float64 // 0..1
	Rule       string  // id of the rule, for the evidence
	// Maker restricts the clue to devices whose network interface was made by
	// one of these (a part of the name, in any case); empty for any.
	Maker []string
}
