variable "aliases" { type = list(string) }
variable "description" { type = string }
variable "key_users" { type = list(string) }
data "aws_caller_identity" "current" {}
data "aws_iam_policy_document" "this" {
  source_policy_documents = []
  dynamic "statement" {
    for_each = [1]
    content {
      sid       = "Default"
      actions   = ["kms:*"]
      resources = ["*"]
      principals {
        type        = "AWS"
        identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
      }
    }
  }
  dynamic "statement" {
    for_each = length(var.key_users) > 0 ? [1] : []
    content {
      sid       = "KeyUsage"
      actions   = ["kms:Encrypt", "kms:Decrypt"]
      resources = ["*"]
      principals {
        type        = "AWS"
        identifiers = var.key_users
      }
    }
  }
}
resource "aws_kms_key" "this" {
  description         = var.description
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.this.json
}
resource "aws_kms_alias" "this" {
  for_each      = { for k, v in toset(var.aliases) : k => { name = v } }
  name          = "alias/${each.value.name}"
  target_key_id = aws_kms_key.this.key_id
}
output "key_arn" { value = aws_kms_key.this.arn }
