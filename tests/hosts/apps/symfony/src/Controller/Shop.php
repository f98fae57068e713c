<?php

namespace App\Controller;

use App\Database;
use App\Message\Note;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\Messenger\MessageBusInterface;
use Symfony\Component\Routing\Attribute\Route;
use Twig\Environment;

class Shop
{
    #[Route('/')]
    public function basket(Request $request, Environment $twig, Database $database): Response
    {
        $session = $request->getSession();
        $session->set('visits', $visits = $session->get('visits', 0) + 1);

        return new Response($twig->render('basket.html.twig', ['visits' => $visits, 'notes' => count($database->notes())]));
    }

    #[Route('/queue/{text}')]
    public function queue(string $text, MessageBusInterface $bus): Response
    {
        $bus->dispatch(new Note($text));

        return new Response("queued $text");
    }

    #[Route('/notes')]
    public function notes(Database $database): Response
    {
        return new Response(implode(' ', $database->notes()));
    }
}
