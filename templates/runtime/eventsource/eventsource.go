// Package eventsource describes events that a function does not handle: it
// recognizes the service that sent them.
package eventsource

import (
	"encoding/json"
	"strconv"
)

// HTTPRequests is what a function handles that is called over HTTP.
const HTTPRequests = "HTTP requests"

// An UnsupportedEventError means that an event is not of the kind that a
// function handles. Callers of Lambda see the name of the type.
type UnsupportedEventError struct {
	Handles string // what the function handles, such as HTTP requests
	Service string // service that sent the event, such as Amazon SQS, or "" if unknown
	Marker  string // value or key that identifies the service, such as aws:sqs
	Array   bool   // the event is an array of such events
	Err     error  // why the event is not a JSON object, or nil if it is
}

func (e *UnsupportedEventError) Error() string {
	message := "fngen: the function handles " + e.Handles + ", but the event is "
	if e.Array {
		message += "an array of events "
	}
	switch {
	case e.Err != nil:
		return message + "not a JSON object: " + e.Err.Error()
	case e.Service == "" && e.Marker == "":
		return message + "of an unknown type"
	case e.Service == "":
		return message + "from " + strconv.Quote(e.Marker)
	}
	return message + "from " + e.Service + " (" + e.Marker + ")"
}

func (e *UnsupportedEventError) Unwrap() error { return e.Err }

// sources maps the eventSource of an event, or of its first record, to a
// service. It must not be modified. Source:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html and the
// page of each service.
var sources = map[string]string{
	"aws:SelfManagedKafka": "Apache Kafka",
	"aws:amq":              "Amazon MQ",
	"aws:codecommit":       "AWS CodeCommit",
	"aws:docdb":            "Amazon DocumentDB",
	"aws:dynamodb":         "Amazon DynamoDB",
	"aws:kafka":            "Amazon MSK",
	"aws:kinesis":          "Amazon Kinesis",
	"aws:mq":               "Amazon MQ",
	"aws:rmq":              "Amazon MQ",
	"aws:s3":               "Amazon S3",
	"aws:ses":              "Amazon SES",
	"aws:sns":              "Amazon SNS",
	"aws:sqs":              "Amazon SQS",
	"SelfManagedKafka":     "Apache Kafka",
}

// markers are keys that identify the service of an event and that no HTTP
// request has. The key is at the top level of the event, or in the object named
// by in. The first match wins.
var markers = [...]struct{ in, key, service string }{
	{"requestContext", "connectionId", "an API Gateway WebSocket API"},
	{"requestContext", "serviceArn", "Amazon VPC Lattice"},
	{"", "raw_path", "Amazon VPC Lattice"},
	{"", "methodArn", "an API Gateway authorizer"},
	{"", "routeArn", "an API Gateway authorizer"},
	{"", "authorizationToken", "an AWS AppSync authorizer"},
	{"info", "fieldName", "AWS AppSync"},
	{"", "fieldName", "AWS AppSync"},
	{"", "actionGroup", "an agent of Amazon Bedrock"},
	{"", "widgetContext", "an Amazon CloudWatch dashboard"},
	{"", "LifecycleEventHookExecutionId", "AWS CodeDeploy"},
	{"", "detail-type", "Amazon EventBridge"},
	{"", "awslogs", "Amazon CloudWatch Logs"},
	{"", "alarmArn", "an Amazon CloudWatch alarm"},
	{"", "deliveryStreamArn", "Amazon Data Firehose"},
	{"", "applicationArn", "Amazon Kinesis Data Analytics"},
	{"", "triggerSource", "an Amazon Cognito user pool"},
	{"", "datasetRecords", "Amazon Cognito Sync"},
	{"", "configRuleName", "AWS Config"},
	{"", "CodePipeline.job", "AWS CodePipeline"},
	{"", "ClientRequestToken", "AWS Secrets Manager"},
	{"", "xAmzRequestId", "Amazon S3 Object Lambda"},
	{"", "invocationSchemaVersion", "Amazon S3 Batch Operations"},
	{"", "ResponseURL", "AWS CloudFormation"},
	{"", "protocolData", "AWS IoT"},
	{"", "templateArn", "AWS IoT"},
	{"", "clickType", "AWS IoT"},
	{"", "deviceEvent", "AWS IoT"},
	{"", "connection-id", "AWS Client VPN"},
	{"", "bot", "Amazon Lex"},
	{"Details", "ContactData", "Amazon Connect"},
}

// Unsupported returns the error for an event that a function does not handle.
func Unsupported(handles string, payload []byte) *UnsupportedEventError {
	var e struct {
		EventSource string `json:"eventSource"` // EventSource in SNS events
		Records     []struct {
			EventSource string          `json:"eventSource"`
			CloudFront  json.RawMessage `json:"cf"`
		} `json:"records"`
	}
	_ = json.Unmarshal(payload, &e) // fields may be missing or have other types
	source := e.EventSource
	if len(e.Records) > 0 && e.Records[0].EventSource != "" {
		source = e.Records[0].EventSource
	}
	if service, ok := sources[source]; ok {
		return &UnsupportedEventError{Handles: handles, Service: service, Marker: source}
	}
	if len(e.Records) > 0 && e.Records[0].CloudFront != nil {
		return &UnsupportedEventError{Handles: handles, Service: "Amazon CloudFront", Marker: "cf"}
	}

	objects := map[string]map[string]json.RawMessage{}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(payload, &top); err != nil {
		var list []json.RawMessage
		if json.Unmarshal(payload, &list) == nil && len(list) > 0 && list[0][0] == '{' {
			first := Unsupported(handles, list[0])
			first.Array = true
			return first
		}
		return &UnsupportedEventError{Handles: handles, Err: err}
	}
	objects[""] = top
	for _, m := range markers {
		object, seen := objects[m.in]
		if !seen {
			_ = json.Unmarshal(top[m.in], &object) // leaves object nil if it is not one
			objects[m.in] = object
		}
		value, ok := object[m.key]
		if !ok {
			continue
		}
		marker := m.key
		if text := ""; m.key == "detail-type" && json.Unmarshal(value, &text) == nil {
			marker = truncate(text) // such as Scheduled Event
		}
		return &UnsupportedEventError{Handles: handles, Service: m.service, Marker: marker}
	}
	if handles != HTTPRequests {
		for _, key := range []string{"httpMethod", "rawPath"} {
			if _, ok := top[key]; ok {
				return &UnsupportedEventError{Handles: handles, Service: "an HTTP client", Marker: key}
			}
		}
	}
	if top["schedule"] != nil && top["time"] != nil {
		return &UnsupportedEventError{Handles: handles, Service: "Amazon EventBridge Scheduler", Marker: "schedule"}
	}
	return &UnsupportedEventError{Handles: handles, Marker: truncate(source)}
}

// truncate shortens text that anyone may have written.
func truncate(s string) string { return s[:min(len(s), 64)] }
