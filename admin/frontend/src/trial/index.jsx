export function Trial() {
  return null
}

export function PublishBar() {
  return null
}
