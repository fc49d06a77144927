package dcerpc

import (
	"bytes"
	"sort"
)

// known is an interface that has a name. Identifiers are from Microsoft's open
// specifications (MS-*) and, where those have none, from the interface
// definitions shipped with Windows.
type known struct {
	uuid UUID
	name string
}

// names lists the interfaces by identifier and name.
var names = sorted([][2]string{
	{"e1af8308-5d1f-11c9-91a4-08002b14a0fa", "epmapper"},
	{"afa8bd80-7d8a-11c9-bef4-08002b102989", "mgmt"},
	{"367abb81-9844-35f1-ad32-98f038001003", "svcctl"},
	{"12345778-1234-abcd-ef00-0123456789ac", "samr"},
	{"12345778-1234-abcd-ef00-0123456789ab", "lsarpc"},
	{"3919286a-b10c-11d0-9ba8-00c04fd92ef5", "dssetup"},
	{"12345678-1234-abcd-ef00-01234567cffb", "netlogon"},
	{"4b324fc8-1670-01d3-1278-5a47bf6ee188", "srvsvc"},
	{"6bffd098-a112-3610-9833-46c3f87e345a", "wkssvc"},
	{"6bffd098-a112-3610-9833-012892020162", "browser"},
	{"1ff70682-0a51-30e8-076d-740be8cee98b", "atsvc"},
	{"378e52b0-c0a9-11cf-822d-00aa0051e40f", "sasec"},
	{"86d35949-83c9-4044-b424-db363231fd0c", "ITaskSchedulerService"},
	{"338cd001-2244-31f1-aaaa-900038001003", "winreg"},
	{"e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi"},
	{"7c44d7d4-31d5-424c-bd5e-2b3e1f323d22", "dsaop"},
	{"3dde7c30-165d-11d1-ab8f-00805f14db40", "BackupKey"},
	{"12345678-1234-abcd-ef00-0123456789ab", "spoolss"},
	{"76f03f96-cdfd-44fc-a22c-64950a001209", "IRemoteWinspool"},
	{"ae33069b-a2a8-46ee-a235-ddfd339be281", "IRPCRemoteObject"},
	{"0b6edbfa-4a24-4fc6-8a23-942b1eca65d1", "IRPCAsyncNotify"},
	{"82273fdc-e32a-18c3-3f78-827929dc23ea", "eventlog"},
	{"f6beaff7-1e19-4fbb-9f8f-b89e2018337c", "even6"},
	{"894de0c0-0d55-11d3-a322-00c04fa321a1", "initshutdown"},
	{"d95afe70-a6d5-4259-822e-2c84da1ddb0d", "WindowsShutdown"},
	{"c681d488-d850-11d0-8c52-00c04fd90f7e", "efsrpc"},
	{"df1941c5-fe89-4e79-bf10-463657acf44d", "efsrpc"},
	{"4fc742e0-4a10-11cf-8273-00aa004ae673", "netdfs"},
	{"50abc2a4-574d-40b3-9d66-ee4fd5fba076", "dnsserver"},
	{"17fdd703-1827-4e34-79d4-24a55c53bb37", "msgsvc"},
	{"5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc", "msgsvcsend"},
	{"8d9f4e40-a03d-11ce-8f69-08003e30051b", "pnp"},
	{"8fb6d884-2388-11d0-8c35-00c04fda2795", "w32time"},
	{"f5cc59b4-4264-101a-8c59-08002b2f8426", "frsrpc"},
	{"d049b186-814f-11d1-9a3c-00c04fc9b232", "frsapi"},
	{"897e2e5f-93f3-4376-9c9c-fd2277495c27", "frstrans"},
	{"f5cc5a18-4264-101a-8c59-08002b2f8426", "nspi"},
	{"1544f5e0-613c-11d1-93df-00c04fd7bd09", "rfr"},
	{"a4f1db00-ca47-1067-b31f-00dd010662da", "emsmdb"},
	{"99fcfec4-5260-101b-bbcb-00aa0021347a", "IObjectExporter"},
	{"4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", "IActivation"},
	{"000001a0-0000-0000-c000-000000000046", "IRemoteSCMActivator"},
	{"00000131-0000-0000-c000-000000000046", "IRemUnknown"},
	{"00000143-0000-0000-c000-000000000046", "IRemUnknown2"},
	{"00000000-0000-0000-c000-000000000046", "IUnknown"},
	{"00020400-0000-0000-c000-000000000046", "IDispatch"},
	{"f309ad18-d86a-11d0-a075-00c04fb68820", "IWbemLevel1Login"},
	{"d4781cd6-e5d3-44df-ad94-930efe48a887", "IWbemLoginClientID"},
	{"541679ab-2e5f-11d3-b34e-00104bcc4b4a", "IWbemLoginHelper"},
	{"9556dc99-828c-11cf-a37e-00aa003240c7", "IWbemServices"},
	{"027947e1-d731-11ce-a357-000000000001", "IEnumWbemClassObject"},
	{"1c1c45ee-4395-11d2-b60b-00104b703efd", "IWbemFetchSmartEnum"},
	{"423ec01e-2e35-11d2-b604-00104b703efd", "IWbemWCOSmartEnum"},
	{"2f5f6520-ca46-1067-b319-00dd010662da", "tapsrv"},
	{"4da1c422-943d-11d1-acae-00c04fc2aa3f", "trksvr"},
	{"300f3532-38cc-11d0-a3f0-0020af6b0add", "trkwks"},
	{"8f09f000-b7ed-11ce-bbd2-00001a181cad", "dimsvc"},
	{"20610036-fa22-11cf-9823-00a0c911e5df", "rasrpc"},
	{"b97db8b2-4c63-11cf-bff6-08002be23f2f", "clusapi"},
	{"342cfd40-3c6c-11ce-a893-08002b2e9c6d", "llsrpc"},
	{"91ae6020-9e3c-11cf-8d7c-00aa00c091be", "ICertPassage"},
	{"d99e6e70-fc88-11d0-b498-00a0c90312f3", "ICertAdminD"},
	{"6bffd098-a112-3610-9833-46c3f874532d", "dhcpsrv"},
	{"5b821720-f63b-11d0-aad2-00c04fc324db", "dhcpsrv2"},
	{"3c4728c5-f0ab-448b-bda1-6ce01eb0a6d5", "dhcpcsvc"},
	{"a8e0653c-2744-4389-a61d-7373df8b2292", "fsrvp"},
	{"ccd8c074-d0e5-4a40-92b4-d074faa6ba28", "witness"},
	{"621dff68-3c39-4c6c-aae3-e68e2c6503ad", "wzcsvc"},
	{"906b0ce0-c70b-1067-b317-00dd010662da", "IXnRemote"},
	{"484809d6-4239-471b-b5bc-61df8c23ac48", "TermSrvSession"},
	{"88143fd0-c28d-4b2b-8fef-8d882f6a9390", "TermSrvEnumeration"},
	{"bde95fdf-eee0-45de-9e12-e5a61cd0d4fe", "RCMPublic"},
	{"12b81e99-f207-4a4c-85d3-77b42f76fd14", "seclogon"},
	{"d6d70ef0-0e3b-11cb-acc3-08002b1d29c3", "locator"},
	{"1d55b526-c137-46c5-ab79-638f2a68e869", "dbgidl"},
})

func sorted(list [][2]string) []known {
	out := make([]known, len(list))
	for i, e := range list {
		out[i] = known{ParseUUID(e[0]), e[1]}
	}
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i].uuid[:], out[j].uuid[:]) < 0 })
	return out
}

// InterfaceName gives the name of an interface, empty when it has none here.
func InterfaceName(u UUID) string {
	i := sort.Search(len(names), func(i int) bool { return bytes.Compare(names[i].uuid[:], u[:]) >= 0 })
	if i < len(names) && names[i].uuid == u {
		return names[i].name
	}
	return ""
}

// isTransfer reports whether u is a transfer syntax.
func isTransfer(u UUID) bool {
	return u == ndr || u == ndr64 || bytes.Equal(u[:8], btfn[:8])
}
