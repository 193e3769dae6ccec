package trigger

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/fngen/fngen/templates/runtime/eventsource"
)

// An objectEvent is an event of Amazon S3 that came through Amazon EventBridge:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type objectEvent struct {
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string      `json:"key"`
			Size      json.Number `json:"size"`
			ETag      string      `json:"etag"`
			VersionID string      `json:"version-id"`
			Sequencer string      `json:"sequencer"`
		} `json:"object"`
		RequestID    string `json:"request-id"`
		Requester    string `json:"requester"`
		SourceIP     string `json:"source-ip-address"`
		Reason       string `json:"reason"`
		DeletionType string `json:"deletion-type"`
	} `json:"detail"`
}

// fromEventBridge converts an event of Amazon S3 that came through EventBridge
// to the notification that S3 itself sends, so that a handler for
// events.S3Event works with both. The format of notifications:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func fromEventBridge(event []byte) ([]byte, error) {
	var e objectEvent
	_ = json.Unmarshal(event, &e) // other fields may be missing or have other types
	d, name := e.Detail, e.name()
	if e.Source != "aws.s3" || name == "" || d.Bucket.Name == "" || d.Object.Key == "" {
		return nil, eventsource.Unsupported(Handles(S3), event)
	}
	arn := "arn:aws:s3:::" + d.Bucket.Name
	if len(e.Resources) > 0 {
		arn = e.Resources[0]
	}
	type fields map[string]any
	object := fields{
		// Notifications have the key in the encoding of forms, but for slashes.
		"key":       strings.ReplaceAll(url.QueryEscape(d.Object.Key), "%2F", "/"),
		"eTag":      d.Object.ETag,
		"versionId": d.Object.VersionID,
		"sequencer": d.Object.Sequencer,
	}
	if d.Object.Size != "" {
		object["size"] = d.Object.Size
	}
	record := fields{
		"eventVersion":      "2.1",
		"eventSource":       "aws:s3",
		"awsRegion":         e.Region,
		"eventName":         name,
		"userIdentity":      fields{"principalId": d.Requester},
		"requestParameters": fields{"sourceIPAddress": d.SourceIP},
		"responseElements":  fields{"x-amz-request-id": d.RequestID},
		"s3": fields{
			"s3SchemaVersion": "1.0",
			"configurationId": e.ID,
			"bucket": fields{
				"name": d.Bucket.Name, "ownerIdentity": fields{"principalId": ""}, "arn": arn,
			},
			"object": object,
		},
	}
	if e.Time != "" {
		record["eventTime"] = e.Time
	}
	return json.Marshal(fields{"Records": []fields{record}})
}

// name returns the event's name in a notification, or "" if it is unknown:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
func (e objectEvent) name() string {
	switch e.DetailType {
	case "Object Created":
		switch e.Detail.Reason {
		case "PutObject":
			return "ObjectCreated:Put"
		case "POST Object":
			return "ObjectCreated:Post"
		case "CopyObject":
			return "ObjectCreated:Copy"
		}
		return "ObjectCreated:" + strings.ReplaceAll(e.Detail.Reason, " ", "") // CompleteMultipartUpload
	case "Object Deleted":
		event := "ObjectRemoved:"
		if e.Detail.Reason == "Lifecycle Expiration" {
			event = "LifecycleExpiration:"
		}
		if e.Detail.DeletionType == "Delete Marker Created" {
			return event + "DeleteMarkerCreated"
		}
		return event + "Delete"
	case "Object Restore Initiated":
		return "ObjectRestore:Post"
	case "Object Restore Completed":
		return "ObjectRestore:Completed"
	case "Object Restore Expired":
		return "ObjectRestore:Delete"
	case "Object Storage Class Changed":
		return "LifecycleTransition"
	case "Object Access Tier Changed":
		return "IntelligentTiering"
	case "Object ACL Updated":
		return "ObjectAcl:Put"
	case "Object Tags Added":
		return "ObjectTagging:Put"
	case "Object Tags Deleted":
		return "ObjectTagging:Delete"
	}
	return ""
}
