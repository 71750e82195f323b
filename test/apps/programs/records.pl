# SPDX-License-Identifier: GPL-2.0
# Hashes, regular expressions, formats, a forked child over a pipe, an alarm that ticks.
use strict;
use warnings;
use IO::Handle;

my (%count, $ticks, $seed);
$ticks = 0;
$seed = 12345;
$SIG{ALRM} = sub { $ticks++; alarm 1 };
alarm 1;

sub number { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed >> 8 }

pipe(my $reader, my $writer) or die;
my $child = fork();
if ($child == 0) {
	close $reader;
	alarm 0;
	for my $i (1 .. 60) {
		print $writer join(',', map { $_ * $i % 1009 } 1 .. 50), "\n";
		$writer->flush;
		select undef, undef, undef, 0.05;
	}
	exit 5;
}
close $writer;
while (1) {
	my $line = <$reader>;
	last unless defined $line;
	chomp $line;
	my $sum = 0;
	$sum += $_ for split /,/, $line;
	for (1 .. 4000) {
		my $word = sprintf '%x', number();
		$count{$1}++ while $word =~ /([a-f]+)/g;
	}
	printf "%8d %6d %s\n", $sum, scalar keys %count, (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0];
}
waitpid $child, 0;
printf "child %d, ticks %s\n", $? >> 8, $ticks > 0 ? 'yes' : 'no';
print "$_ $count{$_}\n" for sort keys %count;
