package watch

import "golang.org/x/sys/unix"

// Remote is the kind of disk that a directory is on, where it is one that may not report what is saved on another machine, or
// on the other side of a container's wall: a network's share, or a mount of WSL or Docker. It is "" for all others.
func Remote(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	switch uint32(s.Type) { // of statfs(2)
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	}
	return ""
}
