// Package config is what can be configured: one struct, from whose tags come
// the YAML file, the environment variables, the JSON Schema and the reference.
// Flags win over the environment (EDGEWARD_*), which wins over the file, which
// wins over the defaults; of each value it is known where it comes from. It
// checks what values are and whether they fit together; what they do is for
// package app.
package config

// Config is everything. Keys are the yaml tags, joined with dots; a field
// without an env tag of "-" can be set by EDGEWARD_ and its key in upper case
// with underscores for dots. Secrets are shown masked.
type Config struct {
	Listen       string   `yaml:"listen" default:"127.0.0.1:8470" check:"address" doc:"address and port of console and API"`
	Data         string   `yaml:"data" check:"folder" doc:"folder with everything that is kept; /var/lib/edgeward for root, ~/.local/share/edgeward otherwise"`
	Interfaces   []string `yaml:"interfaces" doc:"interfaces to watch on this machine; none runs a hub without a sensor of its own"`
	TLS          TLS      `yaml:"tls" doc:"encryption of console and API"`
	Proxies      []string `yaml:"proxies" check:"network" doc:"networks of reverse proxies that are believed about who asks (X-Forwarded-For) and whether over TLS (X-Forwarded-Proto)"`
	InsecureHTTP bool     `yaml:"insecure_http" doc:"serve without encryption on an address that is not loopback"`
	Log          Log      `yaml:"log" doc:"messages of the program"`
	Sensor       Sensor   `yaml:"sensor" doc:"the sensor of this machine"`
	Sensors      Sensors  `yaml:"sensors" doc:"sensors of other machines"`
	Bus          Bus      `yaml:"bus" doc:"delivery between sensors and stores"`
	Store        Store    `yaml:"store" doc:"where state and facts are kept"`
	Policies     string   `yaml:"policies" check:"path" doc:"folder with policy files (docs/policy.md), which are read at the start and on SIGHUP, and cannot be changed in the console"`
	Keep         Keep     `yaml:"retention" doc:"how long things are kept"`
	Outputs      []Output `yaml:"outputs" doc:"where findings and facts go beside the console"`
}

// TLS says how console and API are encrypted.
type TLS struct {
	Certificate string   `yaml:"certificate" check:"file" doc:"PEM file with the certificate and its chain"`
	Key         string   `yaml:"key" check:"file" doc:"PEM file with the private key"`
	SelfSigned  bool     `yaml:"self_signed" doc:"make a certificate of our own, kept in the data folder"`
	Names       []string `yaml:"names" check:"host" doc:"host names and addresses for the certificate that is made"`
}

// Log says what is written to standard error.
type Log struct {
	Level  string `yaml:"level" default:"info" enum:"debug,info,warn,error" doc:"the least that is written"`
	Format string `yaml:"format" default:"text" enum:"text,json" doc:"text for people, json for collectors"`
}

// Sensor is the sensor inside the hub's own process tree.
type Sensor struct {
	Name       string   `yaml:"name" default:"local" doc:"name of the sensor"`
	Site       string   `yaml:"site" doc:"site that it stands at"`
	Filter     string   `yaml:"filter" doc:"capture only what matches this pcap-filter expression"`
	Memory     Size     `yaml:"memory" default:"96M" doc:"budget for flows and streams"`
	Rings      int      `yaml:"rings" doc:"capture rings for each interface; 0 for one per processor, at most 4"`
	Home       []string `yaml:"home" check:"network" doc:"networks that are home beside the private ones, as CIDR"`
	Zones      string   `yaml:"zones" check:"file" doc:"YAML file that names zones, see docs/zones.md"`
	Recog      string   `yaml:"recog" check:"path" doc:"folder of recog XML fingerprints to use beside the built-in ones"`
	Indicators []string `yaml:"indicators" check:"path" doc:"files or folders with lists of known bad addresses, names and hashes"`
}

// Sensors is how sensors elsewhere reach the hub.
type Sensors struct {
	Listen string   `yaml:"listen" check:"address" doc:"address and port at which sensors deliver, with mutual TLS; empty for none"`
	Names  []string `yaml:"names" check:"host" doc:"host names and addresses by which sensors reach the hub"`
}

// Bus is the delivery.
type Bus struct {
	URLs        []string `yaml:"urls" check:"nats" doc:"URLs of an external NATS cluster with JetStream; none runs one in process"`
	CA          string   `yaml:"ca" check:"file" doc:"PEM file with the authority of that cluster; empty for those of the system. URLs with tls:// are encrypted without it too"`
	Certificate string   `yaml:"certificate" check:"file" doc:"PEM file with our own certificate, where the cluster wants one"`
	CertKey     string   `yaml:"certificate_key" check:"file" doc:"PEM file with its key"`
	Credentials string   `yaml:"credentials" check:"file" doc:"file with credentials for that cluster (user JWT and key)"`
	Replicas    int      `yaml:"replicas" doc:"copies of the stream in that cluster; 0 for 3 where three or more servers are known, else 1"`
	Sync        string   `yaml:"sync" default:"always" enum:"always,interval" doc:"always: on disk before it is acknowledged; interval: faster, and an outage of power may lose the last second"`
	Size        Size     `yaml:"size" default:"2G" doc:"the most that may wait in the stream"`
}

// Store says where things are kept.
type Store struct {
	Postgres Secret `yaml:"postgres" check:"postgres" doc:"URL of a PostgreSQL database for the state; empty for SQLite in the data folder"`
	S3       S3     `yaml:"s3" doc:"object store for the facts; empty for files in the data folder"`
	Cache    Size   `yaml:"cache" default:"64M" doc:"memory for facts that are read often"`
}

// S3 is an S3-compatible object store.
type S3 struct {
	Endpoint  string `yaml:"endpoint" check:"url:https,http" doc:"URL"`
	Bucket    string `yaml:"bucket" doc:"bucket, which must be there"`
	Prefix    string `yaml:"prefix" doc:"before the names of all objects"`
	Region    string `yaml:"region" doc:"region"`
	AccessKey Secret `yaml:"access_key" doc:"access key"`
	SecretKey Secret `yaml:"secret_key" doc:"secret key"`
}

// Keep says how long things are kept.
type Keep struct {
	Facts    Duration `yaml:"facts" default:"30d" doc:"facts are removed after this time"`
	Size     Size     `yaml:"size" default:"20G" doc:"the oldest facts are removed when all take more"`
	Findings Duration `yaml:"findings" default:"400d" doc:"findings that are resolved are removed after this time"`
	Packets  Duration `yaml:"packets" default:"30d" doc:"packets kept as evidence are removed after this time"`
	Rollups  Duration `yaml:"rollups" default:"400d" doc:"hourly sums are removed after this time"`
	Audit    Duration `yaml:"audit" default:"0" doc:"entries of the audit log are removed after this time; 0 keeps all"`
	Captures Duration `yaml:"captures" default:"7d" doc:"captures that were uploaded are removed after this time"`
}

// Output is one place where things go.
type Output struct {
	Name        string   `yaml:"name" doc:"name, shown in the console"`
	Kind        string   `yaml:"kind" enum:"syslog,webhook,kafka,ocsf,eve,edl,mail" doc:"what it is"`
	Facts       bool     `yaml:"facts" doc:"send facts as well as findings (kafka, ocsf, eve)"`
	Severity    string   `yaml:"severity" default:"low" enum:"info,low,medium,high,critical" doc:"the least that is sent of findings"`
	Checks      []string `yaml:"checks" doc:"only these checks; they may end in .*"`
	Sites       []string `yaml:"sites" doc:"only these sites"`
	Zones       []string `yaml:"zones" doc:"only these zones"`
	Types       []string `yaml:"types" doc:"only these types of device"`
	Tags        []string `yaml:"tags" doc:"only devices with one of these tags"`
	URL         Secret   `yaml:"url" check:"url:https,http" doc:"webhook: where to post; it may hold a token"`
	Key         Secret   `yaml:"key" doc:"webhook: key of the signature (HMAC-SHA256)"`
	Address     string   `yaml:"address" check:"peer" doc:"syslog, mail: host and port"`
	Network     string   `yaml:"network" default:"udp" enum:"udp,tcp,tls" doc:"syslog: how it is sent"`
	Format      string   `yaml:"format" default:"plain" enum:"plain,cef,json,ocsf,eve" doc:"syslog, kafka: shape of a message"`
	CA          string   `yaml:"ca" check:"file" doc:"PEM file with the authority of the other side; empty for those of the system"`
	Certificate string   `yaml:"certificate" check:"file" doc:"PEM file with our own certificate, where the other side wants one"`
	CertKey     string   `yaml:"certificate_key" check:"file" doc:"PEM file with its key"`
	Brokers     []string `yaml:"brokers" check:"peer" doc:"kafka: hosts and ports"`
	Topic       string   `yaml:"topic" doc:"kafka: topic"`
	Path        string   `yaml:"path" doc:"ocsf, eve, edl: file"`
	RotateSize  Size     `yaml:"rotate_size" default:"100M" doc:"ocsf, eve: begin a new file at this size"`
	RotateAge   Duration `yaml:"rotate_age" default:"1d" doc:"ocsf, eve: begin a new file at this age"`
	Files       int      `yaml:"files" default:"10" doc:"ocsf, eve: old files to keep"`
	User        string   `yaml:"user" doc:"mail, kafka: user name"`
	Password    Secret   `yaml:"password" doc:"mail, kafka: password"`
	From        string   `yaml:"from" check:"mail" doc:"mail: sender"`
	To          []string `yaml:"to" check:"mail" doc:"mail: recipients"`
	StartTLS    string   `yaml:"starttls" default:"required" enum:"required,optional,never" doc:"mail: encryption"`
}
