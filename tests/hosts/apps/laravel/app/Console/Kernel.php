<?php

namespace App\Console;

use App\Jobs\Note;
use Illuminate\Console\Scheduling\Schedule;

class Kernel extends \Illuminate\Foundation\Console\Kernel
{
    protected function schedule(Schedule $schedule): void
    {
        $schedule->call(fn () => Note::write('scheduled'))->everyMinute();
    }
}
