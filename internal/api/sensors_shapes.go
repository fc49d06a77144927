//go:build !sensor

package api

import "edgeward/internal/account"

// Sensor is a program that observes and reports.
type Sensor struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Site       string            `json:"site"`
	State      string            `json:"state" enum:"ok,behind,silent,problem,revoked,new" doc:"behind: a backlog waits; silent: nothing heard for two minutes"`
	Local      bool              `json:"local"`
	Enrolled   Time              `json:"enrolled"`
	Expires    Time              `json:"certificate_expires"`
	Version    string            `json:"version"`
	Seen       Time              `json:"seen" doc:"when it was heard last"`
	Last       Time              `json:"last_fact" doc:"packet time of the newest fact"`
	Clock      float64           `json:"clock_offset" doc:"how far its clock is ahead, seconds"`
	Interfaces []string          `json:"interfaces"`
	Backlog    int64             `json:"backlog" doc:"batches that wait at the sensor"`
	Packets    uint64            `json:"packets"`
	Bytes      uint64            `json:"bytes"`
	Facts      uint64            `json:"facts"`
	Loss       map[string]uint64 `json:"loss"`
	Restarts   uint64            `json:"restarts" doc:"of its parsing process after a crash"`
	Revoked    bool              `json:"revoked"`
	Wanted     account.Wanted    `json:"wanted"`
	Applied    account.Wanted    `json:"applied"`
	Problem    string            `json:"problem"`
}

// SensorPatch changes a sensor.
type SensorPatch struct {
	Name    *string            `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Site    *string            `json:"site,omitempty" maxLength:"100"`
	Config  *map[string]string `json:"config,omitempty" doc:"interface, filter, home ...; replaces what was wanted"`
	Version *string            `json:"version,omitempty" maxLength:"100" doc:"of the program"`
	Content *string            `json:"content,omitempty" maxLength:"100" doc:"of the content bundle"`
}

type sensorPatch struct {
	ByID
	Body SensorPatch
}

// Enrolment is a one-time token with which a sensor may ask for a certificate.
type Enrolment struct {
	ID      string `json:"id"`
	Sensor  string `json:"sensor" doc:"name that the sensor will have"`
	Site    string `json:"site"`
	Author  string `json:"author"`
	Created Time   `json:"created"`
	Expires Time   `json:"expires"`
	Used    Time   `json:"used"`
	By      string `json:"by" doc:"id of the sensor that used it"`
}

// NewEnrolment is an enrolment with its token, which is shown once.
type NewEnrolment struct {
	Enrolment
	Token   string `json:"token"`
	Command string `json:"command" doc:"what to run on the sensor's machine"`
}

type enrolmentInput struct {
	Body struct {
		Sensor string `json:"sensor,omitempty" maxLength:"100"`
		Site   string `json:"site,omitempty" maxLength:"100"`
		Hours  int    `json:"hours,omitempty" minimum:"1" maximum:"720" default:"24"`
	}
}

// Wave is an upgrade that goes over the sensors step by step.
type Wave struct {
	ID      string            `json:"id"`
	Version string            `json:"version" doc:"of the program; empty to leave it"`
	Content string            `json:"content" doc:"of the content bundle; empty to leave it"`
	Config  map[string]string `json:"config" doc:"values to set; null to leave them"`
	Author  string            `json:"author"`
	Created Time              `json:"created"`
	Updated Time              `json:"updated"`
	State   string            `json:"state" enum:"running,halted,done,rolled-back"`
	Step    int               `json:"step" doc:"how many steps have begun"`
	Steps   []WaveStep        `json:"steps"`

	Interval     int64  `json:"interval" doc:"seconds that a step must be well until the next begins by itself; 0 waits for a person"`
	AutoRollback bool   `json:"auto_rollback" doc:"go back, in the place of halting, when a sensor does not come back or has a problem"`
	Reason       string `json:"reason" doc:"why it was halted or rolled back"`
	Well         Time   `json:"well" doc:"since when all sensors of the steps that have begun are well"`
}

// WaveStep is the sensors that are upgraded together.
type WaveStep struct {
	Sensors []WaveSensor `json:"sensors"`
}

// WaveSensor is one sensor of a wave.
type WaveSensor struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	State   string `json:"state" enum:"waiting,wanted,applied,problem"`
	Problem string `json:"problem"`
}

type waveInput struct {
	Body struct {
		Version string            `json:"version,omitempty" maxLength:"100"`
		Content string            `json:"content,omitempty" maxLength:"100"`
		Config  map[string]string `json:"config,omitempty"`
		Sensors []string          `json:"sensors,omitempty" maxItems:"1000" doc:"ids; empty for all"`
		Steps   []int             `json:"steps,omitempty" minItems:"1" maxItems:"10" doc:"percent of the sensors after each step; 100 is last" example:"[10,50,100]"`

		Interval     int  `json:"interval,omitempty" minimum:"0" maximum:"2592000" doc:"seconds that all sensors of a step must be well until the next begins by itself; 0 waits for a person"`
		AutoRollback bool `json:"auto_rollback,omitempty" doc:"go back, in the place of halting, when a sensor does not come back or has a problem"`
	}
}

// Capture is a file of packets that somebody gave the hub.
type Capture struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Site     string  `json:"site"`
	State    string  `json:"state" enum:"receiving,analysing,done,failed"`
	Error    string  `json:"error"`
	Size     int64   `json:"size" doc:"bytes received"`
	SHA256   string  `json:"sha256" doc:"of the file, in hexadecimal; empty for uploads of earlier versions"`
	Again    bool    `json:"again" doc:"it was analysed before, and what it counts was counted again"`
	Progress float64 `json:"progress" doc:"of the analysis, 0 to 1"`
	Packets  uint64  `json:"packets"`
	Facts    uint64  `json:"facts"`
	Devices  int     `json:"devices"`
	Findings int     `json:"findings"`
	First    Time    `json:"first" doc:"packet time"`
	Last     Time    `json:"last"`
	Author   string  `json:"author"`
	Created  Time    `json:"created"`
	Finished Time    `json:"finished"`
	Sensor   string  `json:"sensor" doc:"id under which its facts are kept"`
}

// ContentStatus is the reference knowledge that is in use.
type ContentStatus struct {
	Version   string   `json:"version"`
	Source    string   `json:"source" enum:"built-in,bundle"`
	Signer    string   `json:"signer"`
	Installed Time     `json:"installed"`
	Checks    int      `json:"checks"`
	Types     int      `json:"types"`
	Previous  []string `json:"previous" doc:"versions that can be gone back to, the newest first"`
}

// ContentTrial is what a bundle would change.
type ContentTrial struct {
	Version   string   `json:"version"`
	Signer    string   `json:"signer"`
	Valid     bool     `json:"valid"`
	Problem   string   `json:"problem"`
	Facts     uint64   `json:"facts" doc:"of yesterday that it was tried on"`
	Before    int      `json:"before" doc:"findings with what is in use"`
	After     int      `json:"after"`
	New       []string `json:"new" doc:"checks that would find what is not found now, with how many"`
	Gone      []string `json:"gone"`
	Installed bool     `json:"installed"`
}

type contentInstall struct {
	Upload
	DryRun bool `query:"dry_run" doc:"verify and try only"`
}

type contentRollback struct {
	Body struct {
		Version string `json:"version,omitempty" maxLength:"100" doc:"empty for the one before"`
	}
}

// Change is something that is different from what it was; the stream's
// messages hold it.
type Change struct {
	Kind string `json:"kind" enum:"device,finding,sensor,capture,stats"`
	ID   string `json:"id"`
	Site string `json:"site"`
	New  bool   `json:"new"`
	Time Time   `json:"time"`
}

type streamQuery struct {
	Kinds []string `query:"kind,explode" maxItems:"5" enum:"device,finding,sensor,capture,stats"`
	After string   `header:"Last-Event-ID" maxLength:"20"`
}

type captureUpload struct {
	Upload
	Name string `query:"name" required:"true" maxLength:"255" doc:"of the file; folders in it are left out"`
	Site string `query:"site" maxLength:"100"`

	Again bool `query:"again" doc:"analyse a file that was analysed before; what it counts is counted once more"`
}
