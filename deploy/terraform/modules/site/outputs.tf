output "bucket" {
  description = "Bucket that ship puts the pages in."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "distribution_id" {
  description = "Distribution whose changed paths ship invalidates."
  value       = aws_cloudfront_distribution.this.id
}

output "distribution_arn" {
  description = "ARN of the distribution."
  value       = aws_cloudfront_distribution.this.arn
}

output "distribution_domain" {
  description = "Name that the host leads to."
  value       = aws_cloudfront_distribution.this.domain_name
}
