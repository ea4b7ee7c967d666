"""Letters: facts to French text and HTML (`render`), to MIME (`compose`), with their files (`attachments`)."""
