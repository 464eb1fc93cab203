package secrets

// rule is one kind of secret.
type rule struct {
	name string
	// keys are texts in lower case, one of which is in every secret of the kind or
	// just before it.
	keys []string
	// form is a regular expression of the secret. A group in it is what is taken;
	// without one it is all.
	form string
	// back is how far before the key the secret may begin.
	back int
	// after says that the form is the value that is assigned to a name with the key
	// in it.
	after bool
	// may, if there is one, finds cheaply the part of the text at the key in which the
	// form may be, nil if it cannot, so that no long text is tried in vain.
	may func(text []byte) []byte
	// long says that the secret may reach far, as keys in files do.
	long bool
	// entropy is the fewest bits for each character of the secret.
	entropy float64
}

// rules are kinds of secrets whose form their issuers publish. Where two match in
// one place the first stands.
var rules = []rule{
	// Clouds.
	{name: "aws_access_key", keys: []string{"akia", "asia", "abia", "acca"}, form: `(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}`, entropy: 3},
	{name: "aws_secret_key", keys: []string{"aws", "secret_access_key", "secretaccesskey"}, form: `[0-9A-Za-z/+]{40}`, after: true, entropy: 4.2},
	{name: "aws_bedrock_key", keys: []string{"absk"}, form: `ABSK[0-9A-Za-z+/]{109,269}={0,2}`, entropy: 3},
	{name: "gcp_api_key", keys: []string{"aiza"}, form: `AIza[\w-]{35}`, entropy: 3.5},
	{name: "gcp_oauth_secret", keys: []string{"gocspx-"}, form: `GOCSPX-[\w-]{28}`, entropy: 3},
	{name: "gcp_oauth_token", keys: []string{"ya29."}, form: `ya29\.[\w-]{30,400}`, entropy: 3.5},
	{name: "azure_client_secret", keys: []string{"q~"}, form: `[\w~.]{3}\dQ~[\w~.-]{31,34}`, back: 4, entropy: 3},
	{name: "azure_account_key", keys: []string{"accountkey=", "sharedaccesskey="}, form: `(?:AccountKey|SharedAccessKey)=([0-9A-Za-z+/]{43,86}={1,2})`, entropy: 4},
	{name: "azure_sas", keys: []string{"sig="}, form: `sig=([0-9A-Za-z%]{43,63}%3[dD])`, entropy: 3.5},
	{name: "alibaba_access_key", keys: []string{"ltai"}, form: `LTAI[0-9A-Za-z]{17,21}`, entropy: 3},
	{name: "tencent_secret_id", keys: []string{"akid"}, form: `AKID[0-9A-Za-z]{32}`, entropy: 3},
	{name: "digitalocean_token", keys: []string{"doo_v1_", "dop_v1_", "dor_v1_"}, form: `do[opr]_v1_[0-9a-f]{64}`, entropy: 3},
	{name: "heroku_token", keys: []string{"hrku-"}, form: `HRKU-AA[\w-]{58}`, entropy: 3.5},
	{name: "heroku_key", keys: []string{"heroku"}, form: `[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`, after: true, entropy: 3},
	{name: "cloudflare_key", keys: []string{"cloudflare", "cf_api"}, form: `[0-9a-f]{37}|[\w-]{40}`, after: true, entropy: 3},
	{name: "cloudflare_origin_key", keys: []string{"v1.0-"}, form: `v1\.0-[0-9a-f]{24}-[0-9a-f]{146}`, entropy: 3},
	{name: "netlify_token", keys: []string{"nfp_"}, form: `nfp_[0-9A-Za-z]{36}`, entropy: 3},
	{name: "fly_token", keys: []string{"fo1_"}, form: `fo1_[\w-]{43}`, entropy: 3},
	{name: "render_key", keys: []string{"rnd_"}, form: `rnd_[0-9A-Za-z]{32}`, entropy: 3.5},
	{name: "linode_token", keys: []string{"linode"}, form: `[0-9a-f]{64}`, after: true, entropy: 3},
	// Code and packages.
	{name: "github_token", keys: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, form: `gh[pousr]_[0-9A-Za-z]{36,76}`, entropy: 3},
	{name: "github_fine_token", keys: []string{"github_pat_"}, form: `github_pat_\w{82}`, entropy: 3},
	{name: "gitlab_token", keys: []string{"glpat-", "gldt-", "glrt-", "glft-", "glsoat-", "glcbt-", "glptt-", "glagent-", "gloas-", "glimt-"}, form: `gl(?:pat|dt|rt|ft|soat|cbt|ptt|agent|oas|imt)-[\w-]{20,64}`, entropy: 3},
	{name: "gitlab_runner_token", keys: []string{"gr1348941"}, form: `GR1348941[\w-]{20}`, entropy: 3},
	{name: "bitbucket_token", keys: []string{"atbb"}, form: `ATBB[0-9A-Za-z]{28,32}`, entropy: 3.5},
	{name: "atlassian_token", keys: []string{"atatt3"}, form: `ATATT3[\w=-]{180,200}`, entropy: 3.5},
	{name: "npm_token", keys: []string{"npm_"}, form: `npm_[0-9A-Za-z]{36}`, entropy: 3},
	{name: "npm_auth_token", keys: []string{"_authtoken"}, form: `[0-9A-Za-z-]{20,}|[0-9A-Za-z+/]{20,}={0,2}`, after: true, entropy: 3},
	{name: "pypi_token", keys: []string{"pypi-ageichlwas5vcmc"}, form: `pypi-AgEIcHlwaS5vcmc[\w-]{50,1000}`, entropy: 3},
	{name: "rubygems_key", keys: []string{"rubygems_"}, form: `rubygems_[0-9a-f]{48}`, entropy: 3},
	{name: "crates_token", keys: []string{"cio"}, form: `cio[0-9A-Za-z]{32}`, entropy: 3.5},
	{name: "nuget_key", keys: []string{"oy2"}, form: `oy2[a-z0-9]{43}`, entropy: 3},
	{name: "clojars_token", keys: []string{"clojars_"}, form: `CLOJARS_[a-z0-9]{60}`, entropy: 3},
	{name: "docker_token", keys: []string{"dckr_pat_", "dckr_oat_"}, form: `dckr_[po]at_[\w-]{27,32}`, entropy: 3},
	{name: "artifactory_key", keys: []string{"akcp"}, form: `AKCp[0-9A-Za-z]{69}`, entropy: 3.5},
	{name: "artifactory_token", keys: []string{"cmvmdgtuo"}, form: `cmVmdGtuO[0-9A-Za-z]{55}`, entropy: 3.5},
	{name: "postman_key", keys: []string{"pmak-"}, form: `PMAK-[0-9a-f]{24}-[0-9a-f]{34}`, entropy: 3},
	{name: "circleci_token", keys: []string{"circle"}, form: `[0-9a-f]{40}`, after: true, entropy: 3},
	{name: "travis_token", keys: []string{"travis"}, form: `[0-9A-Za-z]{22}`, after: true, entropy: 3.5},
	// Models.
	{name: "anthropic_key", keys: []string{"sk-ant-"}, form: `sk-ant-(?:api03|admin01|sid01|oat01)-[\w-]{80,120}`, entropy: 3.5},
	{name: "openai_key", keys: []string{"t3blbkfj"}, form: `sk-(?:[a-z]{2,12}-)?[\w-]{20,80}T3BlbkFJ[\w-]{20,80}`, back: 100, entropy: 3.5},
	{name: "openrouter_key", keys: []string{"sk-or-v1-"}, form: `sk-or-v1-[0-9a-f]{64}`, entropy: 3},
	{name: "hugging_face_token", keys: []string{"hf_", "api_org_"}, form: `(?:hf_|api_org_)[0-9A-Za-z]{34,40}`, entropy: 3},
	{name: "perplexity_key", keys: []string{"pplx-"}, form: `pplx-[0-9A-Za-z]{48}`, entropy: 3.5},
	{name: "groq_key", keys: []string{"gsk_"}, form: `gsk_[0-9A-Za-z]{52}`, entropy: 3.5},
	{name: "xai_key", keys: []string{"xai-"}, form: `xai-[0-9A-Za-z]{80}`, entropy: 3.5},
	{name: "replicate_token", keys: []string{"r8_"}, form: `r8_[0-9A-Za-z]{37}`, entropy: 3.5},
	// Messages.
	{name: "slack_token", keys: []string{"xoxb-", "xoxp-", "xoxa-", "xoxo-", "xoxr-", "xoxs-", "xoxe-", "xoxe."}, form: `xox(?:[bpaors]-(?:\d-)?(?:[0-9A-Za-z]{8,}-){0,3}[0-9A-Za-z]{10,64}|e(?:\.xox[bp])?-\d-[0-9A-Za-z]{100,300})`, entropy: 2.5},
	{name: "slack_app_token", keys: []string{"xapp-"}, form: `xapp-\d-[A-Z0-9]+-\d+-[0-9a-f]+`, entropy: 2.5},
	{name: "slack_webhook", keys: []string{"hooks.slack.com/"}, form: `hooks\.slack\.com/(?:services|workflows|triggers)/([0-9A-Za-z+/]{43,60})`, entropy: 3},
	{name: "discord_webhook", keys: []string{"/api/webhooks/"}, form: `/api/webhooks/(\d{17,20}/[\w-]{60,72})`, entropy: 3.5},
	{name: "discord_token", keys: []string{"discord"}, form: `[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,38}|[0-9a-f]{64}`, after: true, entropy: 3},
	{name: "telegram_token", keys: []string{":aa"}, form: `\d{8,10}:AA[\w-]{32,33}`, back: 10, entropy: 3.5},
	{name: "twilio_key", keys: []string{"sk"}, form: `SK[0-9a-f]{32}`, entropy: 3},
	{name: "twilio_token", keys: []string{"twilio"}, form: `[0-9a-f]{32}`, after: true, entropy: 3},
	{name: "sendgrid_token", keys: []string{"sg."}, form: `SG\.[\w-]{22}\.[\w-]{43}`, entropy: 3},
	{name: "sendinblue_key", keys: []string{"xkeysib-"}, form: `xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}`, entropy: 3},
	{name: "mailgun_key", keys: []string{"key-"}, form: `key-[0-9a-f]{32}`, entropy: 3},
	{name: "mailchimp_key", keys: []string{"-us"}, form: `[0-9a-f]{32}-us\d{1,2}`, back: 32, entropy: 3},
	{name: "facebook_token", keys: []string{"eaam", "eaac"}, form: `EAA[MC][0-9A-Za-z]{100,400}`, entropy: 4},
	// Money and shops.
	{name: "stripe_key", keys: []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_"}, form: `[sr]k_(?:live|test|prod)_[0-9A-Za-z]{10,99}`, entropy: 2.5},
	{name: "stripe_webhook_secret", keys: []string{"whsec_"}, form: `whsec_[0-9A-Za-z+/]{32,100}={0,2}`, entropy: 3},
	{name: "square_token", keys: []string{"sq0atp-", "sq0csp-", "sq0idp-", "eaaa"}, form: `sq0(?:atp|csp|idp)-[\w-]{22,43}|EAAA[\w-]{60}`, entropy: 3},
	{name: "braintree_token", keys: []string{"access_token$production$"}, form: `access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}`, entropy: 3},
	{name: "plaid_token", keys: []string{"access-sandbox-", "access-production-", "access-development-"}, form: `access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, entropy: 3},
	{name: "flutterwave_key", keys: []string{"flwseck_test-", "flwseck-"}, form: `FLWSECK(?:_TEST)?-[0-9a-h]{32}-X`, entropy: 3},
	{name: "shopify_token", keys: []string{"shpat_", "shpca_", "shppa_", "shpss_"}, form: `shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}`, entropy: 3},
	{name: "shippo_token", keys: []string{"shippo_live_", "shippo_test_"}, form: `shippo_(?:live|test)_[0-9a-f]{40}`, entropy: 3},
	{name: "easypost_key", keys: []string{"ezak", "eztk"}, form: `EZ[AT]K[0-9A-Za-z]{54}`, entropy: 3.5},
	{name: "duffel_token", keys: []string{"duffel_test_", "duffel_live_"}, form: `duffel_(?:test|live)_[\w=-]{43}`, entropy: 3},
	// Tools.
	{name: "vault_token", keys: []string{"hvs.", "hvb."}, form: `hv[sb]\.[\w-]{90,300}`, entropy: 3.5},
	{name: "terraform_token", keys: []string{".atlasv1."}, form: `[0-9A-Za-z]{14}\.atlasv1\.[\w=-]{60,70}`, back: 14, entropy: 3.5},
	{name: "pulumi_token", keys: []string{"pul-"}, form: `pul-[0-9a-f]{40}`, entropy: 3},
	{name: "doppler_token", keys: []string{"dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."}, form: `dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]+\.)?[0-9A-Za-z]{40,44}`, entropy: 3},
	{name: "databricks_token", keys: []string{"dapi"}, form: `dapi[0-9a-f]{32}(?:-\d)?`, entropy: 3},
	{name: "grafana_token", keys: []string{"glsa_", "glc_"}, form: `glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}|glc_[0-9A-Za-z+/]{32,400}={0,2}`, entropy: 3},
	{name: "new_relic_key", keys: []string{"nrak-", "nrjs-", "nrii-"}, form: `NRAK-[0-9A-Z]{27}|NRJS-[0-9a-f]{19}|NRII-[\w-]{32}`, entropy: 3},
	{name: "datadog_key", keys: []string{"datadog", "dd_api", "dd_app"}, form: `[0-9a-f]{40}|[0-9a-f]{32}`, after: true, entropy: 3},
	{name: "sentry_token", keys: []string{"sntrys_", "sntryu_"}, form: `sntrys_eyJ[0-9A-Za-z+/=]{60,400}_[0-9A-Za-z+/]{43}|sntryu_[0-9a-f]{64}`, entropy: 3},
	{name: "dynatrace_token", keys: []string{"dt0c01.", "dt0s01."}, form: `dt0[cs]01\.[0-9A-Z]{24}\.[0-9A-Z]{64}`, entropy: 3},
	{name: "airtable_token", keys: []string{"pat"}, form: `pat[0-9A-Za-z]{14}\.[0-9a-f]{64}`, entropy: 3.5},
	{name: "linear_key", keys: []string{"lin_api_"}, form: `lin_api_[0-9A-Za-z]{40}`, entropy: 3},
	{name: "notion_token", keys: []string{"ntn_"}, form: `ntn_\d{11}[0-9A-Za-z]{35}`, entropy: 3.5},
	{name: "figma_token", keys: []string{"figd_"}, form: `figd_[\w-]{40}`, entropy: 3},
	{name: "typeform_token", keys: []string{"tfp_"}, form: `tfp_[\w.=-]{59}`, entropy: 3},
	{name: "planetscale_token", keys: []string{"pscale_tkn_", "pscale_pw_", "pscale_oauth_"}, form: `pscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}`, entropy: 3},
	{name: "supabase_token", keys: []string{"sbp_"}, form: `sbp_[0-9a-f]{40}`, entropy: 3},
	{name: "prefect_token", keys: []string{"pnu_"}, form: `pnu_[0-9a-zA-Z]{36}`, entropy: 3},
	{name: "readme_key", keys: []string{"rdme_"}, form: `rdme_[a-z0-9]{70}`, entropy: 3},
	{name: "adobe_secret", keys: []string{"p8e-"}, form: `p8e-[0-9A-Za-z]{32}`, entropy: 3},
	{name: "age_key", keys: []string{"age-secret-key-1"}, form: `AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}`, entropy: 3},
	{name: "one_password_token", keys: []string{"ops_eyj"}, form: `ops_eyJ[0-9A-Za-z+/]{250,1000}={0,3}`, entropy: 4},
	{name: "one_password_key", keys: []string{"a3-"}, form: `A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}`, entropy: 3.5},
	{name: "openshift_token", keys: []string{"sha256~"}, form: `sha256~[\w-]{43}`, entropy: 3.5},
	{name: "grafana_key", keys: []string{"eyjrijoi"}, form: `eyJrIjoi[0-9A-Za-z+/]{70,400}={0,3}`, entropy: 3},
	{name: "sonar_token", keys: []string{"sqp_", "squ_", "sqa_"}, form: `sq[pua]_[0-9a-f]{40}`, entropy: 3},
	{name: "sourcegraph_token", keys: []string{"sgp_"}, form: `sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}`, entropy: 3},
	{name: "harness_key", keys: []string{"pat.", "sat."}, form: `[ps]at\.[\w-]{22}\.[0-9a-f]{24}\.[0-9A-Za-z]{20}`, entropy: 3.5},
	{name: "octopus_key", keys: []string{"api-"}, form: `API-[A-Z0-9]{26}`, entropy: 3},
	{name: "infracost_key", keys: []string{"ico-"}, form: `ico-[0-9A-Za-z]{32}`, entropy: 3.5},
	{name: "scalingo_token", keys: []string{"tk-us-"}, form: `tk-us-[\w-]{48}`, entropy: 3.5},
	{name: "frameio_token", keys: []string{"fio-u-"}, form: `fio-u-[\w=-]{64}`, entropy: 3.5},
	{name: "settlemint_token", keys: []string{"sm_aat_", "sm_pat_", "sm_sat_"}, form: `sm_[aps]at_[0-9A-Za-z]{16}`, entropy: 3},
	{name: "intra42_secret", keys: []string{"s-s4t2"}, form: `s-s4t2(?:ud|af)-[0-9a-f]{64}`, entropy: 3},
	{name: "yandex_key", keys: []string{"aqvn"}, form: `AQVN[\w-]{35,38}`, entropy: 3.5},
	{name: "maxmind_key", keys: []string{"_mmk"}, form: `[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk`, back: 36, entropy: 3.5},
	{name: "clickhouse_key", keys: []string{"4b1d"}, form: `4b1d[0-9A-Za-z]{38}`, entropy: 3.5},
	{name: "dropbox_token", keys: []string{"sl."}, form: `sl\.[\w-]{130,152}`, entropy: 3.5},
	{name: "lob_key", keys: []string{"live_", "test_"}, form: `(?:live|test)_[0-9a-f]{35}`, entropy: 3},
	{name: "mapbox_token", keys: []string{"sk.eyj"}, form: `sk\.eyJ[\w-]{40,400}\.[\w-]{20,64}`, entropy: 3.5},
	// Forms of no one issuer.
	{name: "private_key", keys: []string{"-----begin "}, may: closed, long: true, form: `-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.{64,}?)-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`},
	{name: "putty_key", keys: []string{"private-lines:"}, long: true, form: `Private-Lines: \d{1,4}\r?\n((?:[0-9A-Za-z+/=]+\r?\n)+)`},
	{name: "jwt", keys: []string{"eyj"}, may: dotted, form: `eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}`, entropy: 3},
	{name: "bearer_token", keys: []string{"bearer "}, form: `(?i:bearer) +([\w.~+/-]{24,}=*)`, entropy: 3.8},
	{name: "basic_auth", keys: []string{"authorization: basic ", `authorization": "basic `}, form: `(?i:authorization: basic|authorization": "basic) ([0-9A-Za-z+/]{12,200}={0,2})`, entropy: 3},
	{name: "url_password", keys: []string{"://"}, form: `://[^\s:/@'"<>]{0,64}:([^\s/@:'"<>${}\[\]()]{3,128})@[\w.\[-]`, entropy: 2.5},
}

// generic are the names to which passwords and keys are assigned.
var generic = []string{
	"password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "api-key", "access_key", "accesskey", "access-key", "auth_key", "authkey",
	"encryption_key", "private_key", "signing_key", "secret_key", "credential",
}

// services are names of services whose keys have no form of their own, but stand
// behind the name.
var services = []string{
	"adafruit", "adobe", "algolia", "alibaba", "aliyun", "asana", "auth0", "beamer", "bitbucket", "bittrex", "cohere", "codecov", "coinbase", "confluent",
	"contentful", "deepseek", "droneci", "dropbox", "elastic", "etsy", "facebook", "fastly", "finicity", "finnhub", "flickr", "freshbooks", "freshdesk",
	"gitter", "gocardless", "hubspot", "intercom", "jfrog", "kraken", "kucoin", "launchdarkly", "linkedin", "looker", "mailjet", "mapbox", "mattermost",
	"meraki", "messagebird", "mistral", "nytimes", "okta", "pagerduty", "paypal", "plaid", "rapidapi", "razorpay", "sendbird", "sentry", "snyk",
	"squarespace", "sumologic", "sumo_access", "trello", "twitch", "twitter", "vercel", "yandex", "zendesk", "zoom",
}

// genericRule is the name of the rule for them.
const genericRule = "generic_key"

// Rules lists the rules by name, in the order in which they go before each other.
func Rules() []string {
	var names []string
	for i := range rules {
		names = append(names, rules[i].name)
	}
	return append(names, genericRule)
}
