package artifact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/artifact"
)

const mergeBase = artifact.Marker + `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Key:
    Type: String
Resources:
  DivideFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 10
      Environment:
        Variables:
          KEY:
            Ref: Key
      Architectures:
        - arm64
`

func TestMerge(t *testing.T) {
	tests := []struct{ name, partial, want string }{
		{"empty", "# nothing yet\n", mergeBase},
		{"empty section", "Resources:\n", mergeBase},
		{
			"mappings merge, other values replace",
			`
Resources:
  DivideFunction:
    Properties:
      Timeout: 20
      Environment:
        Variables:
          KEY: !Sub "${Bucket}-x"
          NAME: !Ref Bucket
          ARN: !GetAtt Bucket.Arn
      Architectures: [x86_64]
  Bucket:
    Type: AWS::S3::Bucket
Outputs:
  Name:
    Value: !Join [",", [!Ref Bucket, "1"]]
`,
			artifact.Marker + `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Key:
    Type: String
Resources:
  DivideFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 20
      Environment:
        Variables:
          KEY: !Sub "${Bucket}-x"
          NAME: !Ref Bucket
          ARN: !GetAtt Bucket.Arn
      Architectures: [x86_64]
  Bucket:
    Type: AWS::S3::Bucket
Outputs:
  Name:
    Value: !Join [",", [!Ref Bucket, "1"]]
`,
		},
		{
			"a call replaces a call",
			"Resources: {DivideFunction: {Properties: {Environment: {Variables: {KEY: {'Fn::Sub': x}}}}}}",
			artifact.Marker + `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Key:
    Type: String
Resources:
  DivideFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 10
      Environment:
        Variables:
          KEY: {'Fn::Sub': x}
      Architectures:
        - arm64
`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := artifact.Merge([]byte(mergeBase), "sam.yaml", []byte(test.partial))
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
		})
	}
}

func TestMergeErrors(t *testing.T) {
	tests := []struct{ name, partial, want string }{
		{
			"misspelled resource",
			"Resources:\n  DivdeFunction:\n    Properties: {}\n",
			"sam.yaml:2: resource DivdeFunction does not exist; did you mean DivideFunction?",
		},
		{"unknown resource", "Resources:\n  Queue: {}\n", "sam.yaml:2: resource Queue does not exist"},
		{
			"misspelled parameter",
			"Parameters:\n  Kei: {Default: x}\n",
			"sam.yaml:2: parameter Kei does not exist; did you mean Key?",
		},
		{
			"misspelled section",
			"\nResource:\n  A: {Type: B}\n",
			"sam.yaml:2: section Resource does not exist; did you mean Resources?",
		},
		{
			"other type",
			"Resources:\n  DivideFunction:\n    Type: AWS::S3::Bucket\n",
			"sam.yaml:3: resource DivideFunction has the type AWS::Serverless::Function, not AWS::S3::Bucket",
		},
		{"list of resources", "Resources: [A]\n", "sam.yaml:1: section Resources is not a mapping"},
		{"text for a resource", "Resources:\n  DivideFunction: x\n", "sam.yaml:2: resource DivideFunction is not a mapping"},
		{"twice", "Resources:\n  A: {Type: B}\n  A: {Type: C}\n", "sam.yaml:3: A is there twice"},
		{"alias", "Metadata:\n  A: &a {}\n  B: *a\n", "sam.yaml:3: CloudFormation knows no YAML aliases"},
		{"no mapping", "- A\n", "sam.yaml: line 1: want sections such as Resources"},
		{"two documents", "{}\n---\n{}\n", "sam.yaml: want one YAML document"},
		{"syntax", "A: [\n", "sam.yaml: yaml: line 1: did not find expected node content"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := artifact.Merge([]byte(mergeBase), "sam.yaml", []byte(test.partial))
			assert.EqualError(t, err, test.want)
		})
	}
}
